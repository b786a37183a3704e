/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hashes.h - names that the kernel side knows by their cordon_hash(), as object_hash_of() gives it; tests/unit/test_text.c
 * compares.
 */
#ifndef CORDON_HASHES_H
#define CORDON_HASHES_H

#define HASH_NODE_MODULES 0x1502f2377f0e0ce3ULL /* node_modules */
#define HASH_PYCACHE 0x781e594969b6bcd0ULL /* __pycache__ */
#define HASH_DOT_CACHE 0x7bbf2b43e2b3f0e1ULL /* .cache */
#define HASH_CAPABILITY 0x746ae2274699c519ULL /* security.capability */
#define HASH_EASY_INSTALL 0x1789d56bd559cbb3ULL /* easy-install.pth */
#define HASH_EGG_LINK 0xd1db6266eaacf0d1ULL /* .egg-link */
#define HASH_WRITE_TEST 0x8fd36c736fb9747bULL /* .write-test */
#define HASH_INSTALLED_FILES 0xd5d240e7aa4e60b5ULL /* installed-files.txt */

#endif
