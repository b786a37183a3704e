/* SPDX-License-Identifier: Apache-2.0 */
#include "session/tree.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

#define BUCKETS 16384 /* four processes each when the tree is full */

/* Exited processes, oldest first at `head`. */
struct exited {
	struct process *head, *tail;
	size_t count;
};

struct tree {
	struct process *buckets[BUCKETS];
	size_t count;
	uint64_t order;		/* of the last archive that was opened */
	struct exited leaves;	/* nobody descends from them */
	struct exited inner;	/* ancestors of others */
	struct program nothing; /* what a process runs whose exec was not seen */
};

static size_t bucket_of(pid_t pid)
{
	return (uint32_t)pid * 2654435761u % BUCKETS;
}

/* --- the list of exited ones ----------------------------------------------------------------------------------- */

static struct exited *exited_list(struct tree *tree, const struct process *p)
{
	return p->children ? &tree->inner : &tree->leaves;
}

static void exited_add(struct exited *list, struct process *p)
{
	p->older = list->tail;
	p->newer = NULL;
	if (list->tail)
		list->tail->newer = p;
	else
		list->head = p;
	list->tail = p;
	list->count++;
}

static void exited_remove(struct exited *list, struct process *p)
{
	if (p->older)
		p->older->newer = p->newer;
	else
		list->head = p->newer;
	if (p->newer)
		p->newer->older = p->older;
	else
		list->tail = p->older;
	p->older = p->newer = NULL;
	list->count--;
}

/* --- parents and children -------------------------------------------------------------------------------------- */

static void child_add(struct tree *tree, struct process *parent, struct process *child)
{
	child->parent = parent;
	if (!parent)
		return;
	if (parent->exited && !parent->children) {
		exited_remove(&tree->leaves, parent);
		exited_add(&tree->inner, parent);
	}
	child->sibling = parent->children;
	if (child->sibling)
		child->sibling->sibling_at = &child->sibling;
	child->sibling_at = &parent->children;
	parent->children = child;
}

static void child_remove(struct tree *tree, struct process *child)
{
	struct process *parent = child->parent;

	if (!parent)
		return;
	*child->sibling_at = child->sibling;
	if (child->sibling)
		child->sibling->sibling_at = child->sibling_at;
	child->sibling = NULL;
	child->sibling_at = NULL;
	child->parent = NULL;
	if (parent->exited && !parent->children) {
		exited_remove(&tree->inner, parent);
		exited_add(&tree->leaves, parent);
	}
}

static void process_free(struct process *p)
{
	for (size_t i = 0; i < p->archive_count; i++) {
		free(p->archives[i].parent);
		free(p->archives[i].name);
		free(p->archives[i].bound);
	}
	free(p->archives);
	program_unref(p->program);
	program_unref(p->previous);
	free(p);
}

/* Forgets an exited process; its children move to its parent. */
static void process_evict(struct tree *tree, struct process *p)
{
	struct process **at = &tree->buckets[bucket_of(p->pid)];
	struct process *parent = p->parent;

	exited_remove(exited_list(tree, p), p);
	while (p->children) {
		struct process *child = p->children;

		p->children = child->sibling;
		if (p->children)
			p->children->sibling_at = &p->children;
		child->sibling = NULL;
		child_add(tree, parent, child);
	}
	child_remove(tree, p);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	tree->count--;
	process_free(p);
}

static int tree_make_room(struct tree *tree)
{
	if (tree->count < TREE_MAX)
		return 0;
	if (tree->leaves.head)
		process_evict(tree, tree->leaves.head);
	else if (tree->inner.head)
		process_evict(tree, tree->inner.head);
	else
		return -ENOSPC;
	return 0;
}

static void process_set_exited(struct tree *tree, struct process *p)
{
	p->exited = true;
	exited_add(exited_list(tree, p), p);
	if (tree->leaves.count > TREE_EXITED_MAX)
		process_evict(tree, tree->leaves.head);
}

struct process *tree_find(const struct tree *tree, pid_t pid)
{
	struct process *found = NULL;

	/* New ones are put in front, so the first that exited is the last that had the pid. */
	for (struct process *p = tree->buckets[bucket_of(pid)]; p; p = p->next) {
		if (p->pid != pid)
			continue;
		if (!p->exited)
			return p;
		if (!found)
			found = p;
	}
	return found;
}

static struct process *find_living(const struct tree *tree, pid_t pid)
{
	struct process *p = tree_find(tree, pid);

	return p && !p->exited ? p : NULL;
}

static void process_set_label(struct process *p, const struct cordon_record *record)
{
	p->tgid = record->tgid;
	p->uid = record->uid;
	p->role = record->label.role;
	p->flags = record->label.flags;
	p->installer = record->label.installer;
	p->package = record->label.package;
	p->reads = record->label.reads;
}

static int process_new(struct tree *tree, const struct cordon_record *record, struct process **ret)
{
	struct process *p = find_living(tree, (pid_t)record->pid);
	struct process **bucket = &tree->buckets[bucket_of((pid_t)record->pid)];
	struct process *parent;
	int r;

	if (p) /* its exit was lost */
		process_set_exited(tree, p);
	r = tree_make_room(tree);
	if (r < 0)
		return r;
	/* Also one that has exited: a parent may be gone before the record of its child is read. */
	parent = record->ppid == record->pid ? NULL : tree_find(tree, (pid_t)record->ppid);
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->pid = (pid_t)record->pid;
	p->program = program_ref(parent ? parent->program : &tree->nothing);
	p->next = *bucket;
	*bucket = p;
	tree->count++;
	process_set_label(p, record);
	p->role_before = p->role;
	child_add(tree, parent, p);
	*ret = p;
	return 0;
}

struct tree *tree_new(void)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	/* Its own reference is never given back, so it is never freed. */
	tree->nothing = (struct program){ .refs = 1, .path = "", .args = "" };
	return tree;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (tree->buckets[i]) {
			struct process *p = tree->buckets[i];

			tree->buckets[i] = p->next;
			process_free(p);
		}
	free(tree);
}

size_t tree_count(const struct tree *tree)
{
	return tree->count;
}

void tree_each(const struct tree *tree, void (*fn)(struct process *process, void *arg), void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct process *p = tree->buckets[i]; p; p = p->next)
			if (!p->exited)
				fn(p, arg);
}

int tree_fork(struct tree *tree, const struct cordon_record *record, struct process **ret)
{
	struct process *p;
	int r = process_new(tree, record, &p);

	if (r == 0 && ret)
		*ret = p;
	return r;
}

int tree_exec(struct tree *tree, const struct cordon_record_exec *record, struct process **ret)
{
	struct process *p = find_living(tree, (pid_t)record->head.pid);
	struct program *program = program_new(record);
	int r;

	if (!program)
		return -ENOMEM;
	if (!p) {
		r = process_new(tree, &record->head, &p);
		if (r < 0) {
			program_unref(program);
			return r;
		}
	}
	program_unref(p->previous);
	p->previous = p->program;
	p->program = program;
	p->role_before = record->role_before;
	process_set_label(p, &record->head);
	if (ret)
		*ret = p;
	return 0;
}

void tree_exit(struct tree *tree, const struct cordon_record *record)
{
	struct process *p = find_living(tree, (pid_t)record->pid);

	if (p)
		process_set_exited(tree, p);
}

int tree_archive(struct tree *tree, const struct cordon_record_archive *record)
{
	struct process *p = find_living(tree, (pid_t)record->head.pid);
	_cleanup_free_ char *parent = strndup(record->parent, strnlen(record->parent, sizeof(record->parent)));
	_cleanup_free_ char *name = strndup(record->name, strnlen(record->name, sizeof(record->name)));
	struct archive *oldest;

	if (!p)
		return -ESRCH;
	if (!parent || !name)
		return -ENOMEM;
	oldest = p->archives;
	for (size_t i = 0; i < p->archive_count; i++) {
		struct archive *a = &p->archives[i];

		/* pip opens each archive two to four times. */
		if (!strcmp(a->name, name) && !strcmp(a->parent, parent)) {
			a->order = ++tree->order;
			return 0;
		}
		if (a->order < oldest->order)
			oldest = a;
	}
	if (p->archive_count < TREE_ARCHIVES_MAX) {
		struct archive *grown = p->archives;

		if (!(p->archive_count & (p->archive_count - 1))) {
			size_t room = p->archive_count ? 2 * p->archive_count : 1;

			grown = reallocarray(p->archives, room, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			p->archives = grown;
		}
		oldest = &p->archives[p->archive_count++];
		*oldest = (struct archive){ 0 };
	}
	free(oldest->parent);
	free(oldest->name);
	free(oldest->bound);
	*oldest = (struct archive){ .order = ++tree->order, .parent = TAKE_PTR(parent), .name = TAKE_PTR(name) };
	return 0;
}

int archive_bind(struct archive *archive, const char *folder)
{
	char *copy = strdup(folder);

	if (!copy)
		return -ENOMEM;
	free(archive->bound);
	archive->bound = copy;
	return 0;
}

struct process *process_starter(struct process *process)
{
	struct process *p = process;

	if (!process->previous)
		return process;
	while (p->parent && p->parent->program == process->previous)
		p = p->parent;
	return p;
}

size_t process_ancestry(const struct process *process, const struct process **ret, size_t max)
{
	size_t count = 0, top = 0;

	/* The outermost installer starts it: what is above is the user's shell. */
	for (const struct process *p = process->parent; p; p = p->parent) {
		count++;
		if (p->role == CORDON_ROLE_INSTALLER)
			top = count;
	}
	if (top)
		count = top;
	if (count > max)
		count = max;
	top = count;
	for (const struct process *p = process->parent; p && top; p = p->parent)
		ret[--top] = p;
	return count;
}
