/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel_fs.bpf.h - the part of kernel.bpf.h that is some file systems' own; included there, below what it is made of. */
#ifndef CORDON_KERNEL_FS_BPF_H
#define CORDON_KERNEL_FS_BPF_H

/* Overlayfs may be a module: then this is in its types. */
struct ovl_inode {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
};
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

/* Btrfs too. The first field of its keys; a subvolume's is its number, which is given out once. */
struct btrfs_key {
	__u64 objectid;
};
struct btrfs_root {
	struct btrfs_key root_key;
};
struct btrfs_inode {
	struct btrfs_root *root;
	struct inode vfs_inode;
};
#define BTRFS_SUPER_MAGIC 0x9123683E

/* From 6.8 on, a layer's file that overlayfs has opened, which is what it maps: with the path that was asked for. Before
 * that it has this path as its own. */
struct backing_file {
	struct file file; /* first, so the address is the same */
	struct path user_path;
};
/* The bit that marks it moved in 6.14, to one that ext4 and xfs set until 6.9; the old one means "no notifications" now, which
 * pipes and memfds have. It is marked with this one too, which no other file that can be mapped has. */
#define FMODE_BACKING (1u << 24 | 1u << 25)
#define FMODE_NOACCOUNT (1u << 29)

#endif
