/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - every map: key, value, who writes it, what happens when it is full.
 *
 * __weak, since each object of the skeleton defines them all and the linker keeps one. All hashes are preallocated: an
 * update from a hook must not depend on the allocator, and 6.1's task storage misses look-ups under preemption
 * (reference/kernel.md, section 11). Names are unique in 15 characters, the kernel cuts there.
 */
#ifndef CORDON_MAPS_BPF_H
#define CORDON_MAPS_BPF_H

#include "kernel.bpf.h"
#include "wire.h"

/* tgid (or task address, until it has one) -> label. Kernel: fork, exec, exit; controller: at the hold.
 * Full: the fork is refused (lsm, fmod_ret). Where only the second entry finds no room, or nothing could refuse, the new
 * process is ended: the controller would not find it, to bind it or to wake it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_LABELS_MAX);
	__type(key, __u64);
	__type(value, struct cordon_label);
} labels __weak SEC(".maps");

/* Package of a session -> enum cordon_package_state. Kernel, controller. Full: all packages of that session are condemned
 * (cordon_session.condemned). Some hundreds of packages run code in a large install; of condemned ones a second is rare. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cordon_package_key);
	__type(value, __u32);
} packages __weak SEC(".maps");

/* tgid -> label of a process that was made where nothing could refuse that, with no room for it in `labels`: it ends before
 * its first instruction, and so does its parent. Kernel. Full: it ends at its first system call, where its cgroup tells. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* made, but not yet run: a few for each processor */
	__type(key, __u64);
	__type(value, struct cordon_label);
} strays __weak SEC(".maps");

/* Session id -> session. Controller; the kernel sets CORDON_SESSION_DEAD. Full: the session does not start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cordon_session);
} sessions __weak SEC(".maps");

/* Session id -> how many processes it has. Controller; the kernel counts. Full: the session does not start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cordon_tasks);
} tasks __weak SEC(".maps");

/* Session id -> when its controller was alive last. Controller. Full: the session does not start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} beats __weak SEC(".maps");

/* Session id -> its ring. Controller. No ring: records are counted as lost. */
struct ring_buffer_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, CORDON_SESSIONS_MAX);
	__type(key, __u32);
	__array(values, struct ring_buffer_map);
} rings __weak SEC(".maps");

/* cgroup2 id -> session, where the session has a cgroup. Controller. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX);
	__type(key, __u64);
	__type(value, __u32);
} cgroups __weak SEC(".maps");

/* Protected inodes. Controller. Full: the session does not start. A session has some hundreds to some thousands. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cordon_zone_key);
	__type(value, struct cordon_zone_val);
} zones __weak SEC(".maps");

/* Protected names below a parent, for files that do not exist yet or are replaced. Controller. Full: as above. The lists
 * make some 2,000 for a session; they are not allocated before they are needed, since only a controller adds any. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct cordon_name_key);
	__type(value, struct cordon_zone_val);
} zone_names __weak SEC(".maps");

/* Entries of temporary folders and caches, by who made them. Kernel. Full: package code makes no more of them, what an
 * installer makes is nobody's, and so not for a package to write; both are counted as lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct cordon_made_key);
	__type(value, struct cordon_made);
} made_entries __weak SEC(".maps");

/* Files removed, by session and role. Kernel. Full: counted as lost, and the removal is judged by its place alone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX * 4);
	__type(key, __u64); /* session << 32 | role */
	__type(value, __u64);
} removals __weak SEC(".maps");

/* What a linker alone has written, or the controller found equal to that. Kernel, controller. Full: it does not run, and
 * is counted as lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cordon_origin_key);
	__type(value, struct cordon_origin_val);
} origins __weak SEC(".maps");

/* Files that package code could change although their place says that it cannot have. Kernel. Full: the opening for
 * writing is refused; on trace nothing new runs any more (cordon_session.blind). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cordon_origin_key);
	__type(value, __u32);
} tainted __weak SEC(".maps");

/* Files that the controller has looked at, with their time of change then: equal to nothing good; start-up files that may
 * stay. Controller. Full: it makes room by forgetting its own session's; where that is not enough, it ends who asked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cordon_origin_key);
	__type(value, __u64);
} compares __weak SEC(".maps");

/* What was said of artifacts. Controller. Full: it makes room by forgetting its own session's; where that is not enough, it
 * ends who asked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cordon_origin_key);
	__type(value, struct cordon_verdict);
} verdicts __weak SEC(".maps");

/* Names by which installers take artifacts into use. Controller. Full: the session does not start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cordon_gate_key);
	__type(value, struct cordon_gate);
} gates __weak SEC(".maps");

/* What installers look like. Controller. Full: the session does not start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cordon_recognition_key);
	__type(value, struct cordon_recognition);
} recognition __weak SEC(".maps");

/* Grants. Controller, when a package is bound. Full: that grant is not there, so its operation is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cordon_grant_net);
	__type(value, __u32);
} grants_net __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cordon_grant_file);
	__type(value, __u32);
} grants_file __weak SEC(".maps");

/* Controllers and supervisors. Written by the iter program; the kernel removes them at their exit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * CORDON_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cordon_guard);
} guards __weak SEC(".maps");

/* Addresses of our maps, programs and bpffs. Written at load, and when a session begins and ends. There is room for those
 * of CORDON_SESSIONS_MAX. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u32);
} guard_objects __weak SEC(".maps");

/* Ids of our maps, programs and links: what the iter programs look for to learn the addresses, or with CORDON_ID_GONE to
 * forget them. User space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* id, of programs with bit 32 set, of links with bit 33 */
	__type(value, __u32);
} guard_ids __weak SEC(".maps");

/* Address in the kernel's text -> index in twins.h. Written at load. Full: the load fails. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128); /* hooks; there are some 30 */
	__type(key, __u64);
	__type(value, __u32);
} twins __weak SEC(".maps");

/* hook << 32 | thread -> the hook's first argument, of which the lower half counts: fmod_ret has let that call pass, its twin has nothing to
 * do. Kernel, where there are twins; lives from the one to the other. Full: the call is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192); /* one for each thread of an install, at the most */
	__type(key, __u64);
	__type(value, __u64);
} seen __weak SEC(".maps");

/* Records that could not be sent, by rule (0: records that are no findings), per CPU: no lock, no lost count. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX * 8);
	__type(key, __u64); /* session << 32 | rule */
	__type(value, __u64);
} lost __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cordon_state);
} state __weak SEC(".maps");

/* One question of each controller to cordon_origins. Controller; the answer is the kernel's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CORDON_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cordon_question);
} questions __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cordon_request);
} request __weak SEC(".maps");

#endif
