// SPDX-License-Identifier: MIT
/* image/view: what a path is after all layers, against a file system that is built layer by layer.
 */
#include "image/view.h"

#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "check.h"
#include "stack.h"

enum { PATHS_MAX = 400, ROUNDS = 1500 };

static void resolves_to(const struct stack *s, const char *path, const char *expected)
{
	char resolved[VIEW_PATH_MAX] = "";
	struct view_hit hit;
	int r = view_resolve(&s->view, path, &hit, resolved);

	check(r == (expected ? 0 : -ENOENT), "%s: %d %s", path, r, resolved);
	check(r || !expected || !strcmp(resolved, expected), "%s: %s instead of %s", path, resolved, expected);
}

static void paths_are_resolved_as_after_chroot(void **state)
{
	struct stack s = { 0 };
	auto_buf tar = { 0 };

	(void)state;
	archive_file(&tar, "usr/bin/dash", "x");
	archive_directory(&tar, "empty");
	archive_link(&tar, "bin", "usr/bin", '2');
	archive_link(&tar, "usr/bin/sh", "dash", '2');
	archive_link(&tar, "abs", "/usr/bin", '2');
	archive_link(&tar, "climb", "../../../../usr/../usr/bin/./dash", '2');
	archive_link(&tar, "usr/bin/up", "..", '2');
	archive_link(&tar, "loop", "loop", '2');
	archive_link(&tar, "nowhere", "/nothing", '2');
	archive_link(&tar, "itself", ".", '2');
	archive_link(&tar, "usr/bin/hard", "usr/bin/dash", '1');
	archive_link(&tar, "lost", "usr/bin/nothing", '1');
	archive_link(&tar, "usr/bin/null", "", '3');
	stack_add(&s, &tar);
	resolves_to(&s, "usr/bin/dash", "usr/bin/dash");
	resolves_to(&s, "/usr/bin/dash", "usr/bin/dash");
	resolves_to(&s, "//usr///bin/./dash", "usr/bin/dash");
	resolves_to(&s, "/../../usr/bin/dash", "usr/bin/dash");
	resolves_to(&s, "/bin/sh", "usr/bin/dash");
	resolves_to(&s, "/abs/sh", "usr/bin/dash");
	resolves_to(&s, "/climb", "usr/bin/dash");
	resolves_to(&s, "/bin/up/bin/up/bin/sh", "usr/bin/dash");
	resolves_to(&s, "/itself/itself/itself/bin/sh", "usr/bin/dash");
	resolves_to(&s, "/bin/hard", "usr/bin/hard");
	resolves_to(&s, "/bin/null", "usr/bin/null");
	resolves_to(&s, "/empty", "empty");
	resolves_to(&s, "/nowhere", NULL);
	resolves_to(&s, "/lost", NULL);
	resolves_to(&s, "/nothing", NULL);
	resolves_to(&s, "/empty/x", NULL);
	resolves_to(&s, "/usr/bin/dash/x", NULL);
	stack_done(&s);
}

static void what_is_left_again_has_to_be_there(void **state)
{
	struct stack s = { 0 };
	auto_buf tar = { 0 };

	(void)state;
	archive_file(&tar, "bin/sh", "x");
	archive_directory(&tar, "bin");
	archive_link(&tar, "odd", "nothing/../bin/sh", '2');
	archive_file(&tar, "implied/x", "x");
	archive_file(&tar, "gone/x", "x");
	stack_add(&s, &tar);
	resolves_to(&s, "/bin/../bin/sh", "bin/sh");
	resolves_to(&s, "/nothing/../bin/sh", NULL);
	resolves_to(&s, "/bin/sh/../sh", NULL);
	resolves_to(&s, "/odd", NULL);
	resolves_to(&s, "/implied/../bin/sh", "bin/sh");
	resolves_to(&s, "/implie/../bin/sh", NULL);
	resolves_to(&s, "/implied/x/../x", NULL);
	resolves_to(&s, "/gone/../bin/sh", "bin/sh");
	archive_file(&tar, ".wh.gone", "");
	archive_file(&tar, "implied/.wh.x", "");
	stack_add(&s, &tar);
	resolves_to(&s, "/gone/../bin/sh", NULL);
	resolves_to(&s, "/implied/../bin/sh", "bin/sh");
	stack_done(&s);
}

static void links_have_a_limit(void **state)
{
	struct stack s = { 0 };
	auto_buf tar = { 0 };
	char resolved[VIEW_PATH_MAX], name[16], target[16];
	struct view_hit hit;

	(void)state;
	archive_file(&tar, "l0", "x");
	for (unsigned i = 1; i <= VIEW_LINKS_MAX + 1; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		snprintf(target, sizeof(target), "/l%u", i - 1);
		archive_link(&tar, name, target, '2');
	}
	archive_link(&tar, "loop", "/loop", '2');
	archive_link(&tar, "ping", "pong", '2');
	archive_link(&tar, "pong", "ping", '2');
	stack_add(&s, &tar);
	assert_int_equal(view_resolve(&s.view, "l40", &hit, resolved), 0);
	assert_string_equal(resolved, "l0");
	assert_int_equal(view_resolve(&s.view, "l41", &hit, resolved), -ELOOP);
	assert_int_equal(view_resolve(&s.view, "loop", &hit, resolved), -ELOOP);
	assert_int_equal(view_resolve(&s.view, "/ping/x", &hit, resolved), -ELOOP);
	stack_done(&s);
}

static void paths_have_a_limit(void **state)
{
	static char path[3 * VIEW_PATH_MAX];
	struct stack s = { 0 };
	auto_buf tar = { 0 };
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "d/", 2);
	archive_link(&tar, "d", ".", '2');
	archive_link(&tar, "grow", "grow/grow/grow", '2');
	path[3000] = '\0';
	archive_extension(&tar, 'K', path, 3000);
	archive_link(&tar, "long", "x", '2');
	path[3000] = 'd';
	stack_add(&s, &tar);
	for (size_t len = 1; len < sizeof(path); len += 511) {
		int r;

		path[len] = '\0';
		r = view_resolve(&s.view, path, &hit, resolved);
		check(r == -ELOOP || r == -ENAMETOOLONG || (len < 100 && (!r || r == -ENOENT)), "%zu bytes: %d", len,
			r);
		path[len] = len % 2 ? '/' : 'd';
	}
	assert_int_equal(view_resolve(&s.view, "grow", &hit, resolved), -ELOOP);
	assert_true(view_resolve(&s.view, "long/long/long", &hit, resolved) < 0);
	memset(path, 'n', sizeof(path) - 1);
	assert_int_equal(view_resolve(&s.view, path, &hit, resolved), -ENAMETOOLONG);
	stack_done(&s);
}

static void no_layers_have_nothing(void **state)
{
	struct view view = { 0 };
	char resolved[VIEW_PATH_MAX];
	struct content content;
	struct view_hit hit;
	uint64_t work = 0;

	(void)state;
	assert_int_equal(view_resolve(&view, "/bin/sh", &hit, resolved), -ENOENT);
	assert_int_equal(view_resolve(&view, "", &hit, resolved), -ENOENT);
	assert_int_equal(view_content(&view, &work, &content), 0);
	assert_false(content.has_platform);
	content_done(&content);
}

/* ---- the same against a file system ---- */

enum kind { NONE = 0, FILE_HERE, DIRECTORY, LINK };

/* What stands at a path: of which layer it is, and for links where it leads. */
struct node {
	char path[32];
	enum kind kind;
	size_t layer;
	char target[32];
};

struct tree {
	struct node nodes[PATHS_MAX];
	size_t n;
};

static struct node *find_node(struct tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->n; i++)
		if (!strcmp(tree->nodes[i].path, path))
			return &tree->nodes[i];
	return NULL;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !len || (!strncmp(path, dir, len) && path[len] == '/');
}

static void remove_below(struct tree *tree, const char *path, bool with_itself)
{
	for (size_t i = 0; i < tree->n;)
		if (is_below(tree->nodes[i].path, path) || (with_itself && !strcmp(tree->nodes[i].path, path)))
			tree->nodes[i] = tree->nodes[--tree->n];
		else
			i++;
}

/* As a layer is laid over what is there: a directory over a directory keeps what is in it. */
static void put_node(struct tree *tree, const struct node *node)
{
	struct node *there = find_node(tree, node->path);

	if (there && there->kind == DIRECTORY && node->kind == DIRECTORY) {
		there->layer = node->layer;
		return;
	}
	remove_below(tree, node->path, true);
	assert_true(tree->n < PATHS_MAX);
	tree->nodes[tree->n++] = *node;
}

static uint32_t seed = 1;

static unsigned pick(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static void random_target(char *target, size_t size)
{
	static const char *const before[] = { "", "/", "../", "../../", "./", "" };

	snprintf(target, size, "%s%c", before[pick(6)], 'a' + pick(3));
	if (pick(2))
		snprintf(target + strlen(target), size - strlen(target), "/%c", 'a' + pick(3));
}

/* One layer: a tree of its own, whiteouts for what is below it, and the tar of both. */
struct making {
	struct tree *merged;
	struct tree own;
	struct buf tar;
	size_t layer;
};

static void make_below(struct making *m, const char *dir, unsigned depth);

static void make_entry(struct making *m, const char *path, unsigned depth)
{
	struct node node = { .layer = m->layer };
	bool is_told = pick(3);

	snprintf(node.path, sizeof(node.path), "%s", path);
	switch (pick(7)) {
	case 0:
	case 1:
		node.kind = FILE_HERE;
		archive_file(&m->tar, path, "x");
		break;
	case 2:
		node.kind = LINK;
		random_target(node.target, sizeof(node.target));
		archive_link(&m->tar, path, node.target, '2');
		break;
	case 3:
	case 4:
		if (depth == 3)
			return;
		node.kind = DIRECTORY;
		if (is_told)
			archive_directory(&m->tar, path);
		m->own.nodes[m->own.n++] = node;
		make_below(m, path, depth + 1);
		if (!is_told && !strcmp(m->own.nodes[m->own.n - 1].path, path))
			m->own.n--; /* nothing is below it that would tell of it */
		return;
	default:
		return;
	}
	m->own.nodes[m->own.n++] = node;
}

/* Whiteouts come before all else; only in directories that the layer tells of, as every program
 * writes them. */
static void make_whiteouts(struct making *m, const char *dir)
{
	char path[64];

	if (!pick(6)) {
		snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", LAYER_OPAQUE_NAME);
		archive_file(&m->tar, path, "");
		remove_below(m->merged, dir, false);
	}
	for (char c = 'a'; c <= 'c'; c++)
		if (!pick(8)) {
			snprintf(path, sizeof(path), "%s%s%s%c", dir, *dir ? "/" : "", LAYER_WHITEOUT_PREFIX, c);
			archive_file(&m->tar, path, "");
			snprintf(path, sizeof(path), "%s%s%c", dir, *dir ? "/" : "", c);
			remove_below(m->merged, path, true);
		}
}

static void make_below(struct making *m, const char *dir, unsigned depth)
{
	char path[32];

	for (char c = 'a'; c <= 'c'; c++) {
		snprintf(path, sizeof(path), "%s%s%c", dir, *dir ? "/" : "", c);
		make_entry(m, path, depth);
	}
}

static void make_layer(struct stack *s, struct tree *merged)
{
	struct making m = { .merged = merged, .layer = s->view.n };

	make_below(&m, "", 1);
	for (size_t i = 0; i < m.own.n; i++)
		if (m.own.nodes[i].kind == DIRECTORY && !pick(3)) {
			archive_directory(&m.tar, m.own.nodes[i].path);
			make_whiteouts(&m, m.own.nodes[i].path);
		}
	make_whiteouts(&m, "");
	for (size_t i = 0; i < m.own.n; i++)
		put_node(merged, &m.own.nodes[i]);
	stack_add(s, &m.tar);
	buf_done(&m.tar);
}

/* The plain way to resolve: the text is put together anew for each link. NULL: nothing there, or a
 * loop. */
static struct node *resolve(struct tree *tree, const char *path, unsigned *links)
{
	char done[64] = "", rest[256];
	struct node *node = NULL;

	snprintf(rest, sizeof(rest), "%s", path);
	for (char *p = rest, *name; (name = strsep(&p, "/"));) {
		size_t before = strlen(done);

		if (!*name || !strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			char *slash = strrchr(done, '/');

			*(slash ? slash : done) = '\0';
			node = find_node(tree, done);
			continue;
		}
		if (before && (!node || node->kind != DIRECTORY))
			return NULL;
		snprintf(done + before, sizeof(done) - before, "%s%s", before ? "/" : "", name);
		node = find_node(tree, done);
		if (!node)
			return NULL;
		if (node->kind == LINK) {
			char next[256];

			if (++*links > VIEW_LINKS_MAX)
				return NULL;
			done[before] = '\0';
			snprintf(next, sizeof(next), "%s/%s/%s", *node->target == '/' ? "" : done, node->target,
				p ? p : "");
			return resolve(tree, next, links);
		}
	}
	return node;
}

static void compare_path(const struct stack *s, struct tree *tree, const char *path)
{
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;
	unsigned links = 0;
	struct node *want = resolve(tree, path, &links);
	int r = view_resolve(&s->view, path, &hit, resolved);

	/* A directory that only its members tell of may be found or not. */
	if (want && want->kind == DIRECTORY)
		return;
	if (!want) {
		check(r < 0 || hit.entry->kind == LAYER_DIRECTORY, "%s: is %s", path, r ? "" : resolved);
		return;
	}
	check(!r && !strcmp(resolved, want->path) && hit.layer == s->pointers[want->layer],
		"%s: %d %s, not %s of layer %zu", path, r, r ? "" : resolved, want->path, want->layer);
}

static void compare_entries(const struct stack *s, struct tree *tree)
{
	for (size_t i = 0; i < s->view.n; i++)
		for (size_t k = 0; k < s->layers[i].n; k++) {
			const struct layer_entry *entry = &s->layers[i].entries[k];
			const char *path = layer_text(&s->layers[i], entry->path);
			struct node *node = find_node(tree, path);

			if (entry->kind == LAYER_FILE)
				check(view_is_visible(&s->view, i, path) ==
						(node && node->kind == FILE_HERE && node->layer == i),
					"%s of layer %zu: %s", path, i, node ? "hidden" : "visible");
		}
}

static void layers_are_laid_over_each_other(void **state)
{
	char path[32];
	uint32_t began;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		static struct tree tree;
		struct stack s = { 0 };

		began = seed;
		tree.n = 0;
		for (size_t n = 1 + pick(4); n; n--)
			make_layer(&s, &tree);
		compare_entries(&s, &tree);
		for (unsigned i = 0; i < 3 + 9 + 27; i++) {
			unsigned depth = i < 3 ? 1 : i < 12 ? 2 : 3, rest = i;

			path[0] = '\0';
			for (unsigned d = 0; d < depth; d++, rest /= 3)
				snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%c", 'a' + rest % 3);
			compare_path(&s, &tree, path);
		}
		stack_done(&s);
		if (check_end(NULL)) {
			fprintf(stderr, "round %u, seed %u\n", round, began);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(paths_are_resolved_as_after_chroot),
		unit(what_is_left_again_has_to_be_there),
		unit(links_have_a_limit),
		unit(paths_have_a_limit),
		unit(no_layers_have_nothing),
		unit(layers_are_laid_over_each_other),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
