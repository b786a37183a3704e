/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - a tar, compressed as installers take it (gzip, bzip2, xz, lzma, zstd) or not, as libarchive reads it. */
#ifndef CORDON_ARTIFACT_TAR_H
#define CORDON_ARTIFACT_TAR_H

#include "artifact/look.h"

/* What it is, NONE where it is no tar: 0; -EBADMSG and the fault. */
int tar_look(struct look *look);
/* 1: it begins as one; 0; -EBADMSG. */
int tar_probe(struct look *look);

#endif
