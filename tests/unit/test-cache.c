// SPDX-License-Identifier: MIT
/* image/cache: what comes back is what was kept, and nothing that is not exactly that is believed. */
#include "image/cache.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"
#include "base/fdio.h"
#include "scratch.h"
#include "stack.h"

enum { SIZE = 1234, CHECK_AT = 48, REST_AT = 120, ENTRY_MAX = 16384 };

static const char digest[] = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static void make(struct stack *s)
{
	struct header directory = { .name = "usr/", .type = '5', .mode = 0711, .uid = 7, .mtime = 1500000000 };
	static const char records[] = "30 SCHILY.xattr.user.name=abc\n";
	auto_buf tar = { 0 };

	archive_extension(&tar, 'x', records, strlen(records));
	archive_header(&tar, &directory);
	archive_file(&tar, "usr/bin/tool", "no program");
	archive_link(&tar, "bin", "usr/bin", '2');
	archive_file(&tar, "usr/.wh.lib", "");
	archive_file(&tar, "etc/os-release", "PRETTY_NAME=\"Test\"\n");
	stack_add(s, &tar);
	s->layers[0].codec = "gzip";
	s->layers[0].is_proven = true;
}

static int own_cache(const struct scratch *s)
{
	int cache = cache_open(s->path, NULL);

	assert_true(cache >= 0);
	return cache;
}

static void is_same(const struct layer *a, const struct layer *b)
{
	check(a->n == b->n && a->used == b->used && !memcmp(a->arena, b->arena, a->used), "other texts");
	check(!memcmp(a->entries, b->entries, a->n * sizeof(*a->entries)), "other entries");
	check(a->n_directories == b->n_directories &&
			!memcmp(a->directories, b->directories, a->n_directories * sizeof(*a->directories)),
		"other directories");
	check(!strcmp(a->system, b->system) && a->has_whiteouts == b->has_whiteouts &&
			a->has_blockers == b->has_blockers,
		"other facts");
	for (size_t i = 0; i < a->n; i++) {
		const char *path = layer_text(a, a->entries[i].path);
		const struct layer_entry *found = layer_find(b, path, strlen(path));

		check(found && found->kind == layer_find(a, path, strlen(path))->kind, "%s is not found", path);
	}
}

static void name_entry(char ret[100])
{
	snprintf(ret, 100, "anyarch/layers/%s", digest + strlen("sha256:"));
}

/* What was last used long ago is then as young as what was used now. */
static void use_is_noted(const struct scratch *s, int cache)
{
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct layer layer = { 0 };
	char name[100];
	struct stat st;

	name_entry(name);
	assert_false(utimensat(s->dir, name, old, 0));
	assert_true(cache_load(cache, digest, SIZE, &layer));
	layer_done(&layer);
	check(!fstatat(s->dir, name, &st, 0) && st.st_mtime > 1000, "its use is not noted");
}

static void what_was_kept_comes_back(void **state)
{
	const struct scratch *s = *state;
	auto_fd cache = own_cache(s);
	struct layer layer = { 0 };
	struct stack stack = { 0 };

	make(&stack);
	assert_false(cache_load(cache, digest, SIZE, &layer));
	cache_store(cache, digest, SIZE, &stack.layers[0]);
	assert_true(cache_load(cache, digest, SIZE, &layer));
	is_same(&stack.layers[0], &layer);
	layer_done(&layer);
	use_is_noted(s, cache);
	check(!cache_load(cache, digest, SIZE + 1, &layer), "a layer of another size");
	check(!cache_load(-1, digest, SIZE, &layer), "without a cache");
	check(!cache_load(cache, "sha256:../../etc/passwd", SIZE, &layer), "a digest that is none");
	stack.layers[0].is_proven = false;
	cache_store(cache, "sha256:11112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", SIZE,
		&stack.layers[0]);
	check(scratch_count(s, "anyarch/layers") == 1, "what was not proven is kept");
	stack_done(&stack);
}

static void read_entry(const struct scratch *s, const char *name, struct buf *out)
{
	auto_fd fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && !fd_read_all(fd, ENTRY_MAX, out));
}

static void damage_is_noticed(void **state)
{
	const struct scratch *s = *state;
	auto_fd cache = own_cache(s);
	struct stack stack = { 0 };
	struct layer layer = { 0 };
	auto_buf text = { 0 };
	char name[100];

	make(&stack);
	cache_store(cache, digest, SIZE, &stack.layers[0]);
	name_entry(name);
	read_entry(s, name, &text);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		scratch_write(s, name, text.data, text.len, 0600);
		check(!cache_load(cache, digest, SIZE, &layer), "byte %zu is another one", i);
		text.data[i] ^= 1;
		scratch_write(s, name, text.data, i, 0600);
		check(!cache_load(cache, digest, SIZE, &layer), "cut to %zu", i);
	}
	stack_done(&stack);
}

/* Whatever it says, looking things up in it stays inside of it. */
static void use(const struct layer *layer)
{
	const struct layer *pointers[] = { layer };
	struct view view = { pointers, 1 };
	char resolved[VIEW_PATH_MAX];
	struct content content;
	struct view_hit hit;
	uint64_t work = 0;

	(void)!view_resolve(&view, "/bin/tool", &hit, resolved);
	(void)!view_content(&view, &work, &content);
	content_done(&content);
}

/* An enemy who can write there can also make the check right. */
static void a_right_check_of_wrong_things_harms_nobody(void **state)
{
	const struct scratch *s = *state;
	auto_fd cache = own_cache(s);
	struct stack stack = { 0 };
	auto_buf text = { 0 };
	unsigned loaded = 0;
	char name[100];

	make(&stack);
	cache_store(cache, digest, SIZE, &stack.layers[0]);
	name_entry(name);
	read_entry(s, name, &text);
	for (size_t i = REST_AT; i < text.len; i++)
		for (unsigned bit = 0; bit < 8; bit += 7) {
			struct layer layer = { 0 };

			text.data[i] ^= (char)(1 << bit);
			digest_text(text.data + REST_AT, text.len - REST_AT, text.data + CHECK_AT);
			scratch_write(s, name, text.data, text.len, 0600);
			if (cache_load(cache, digest, SIZE, &layer)) {
				loaded++;
				use(&layer);
				layer_done(&layer);
			}
			text.data[i] ^= (char)(1 << bit);
		}
	check(loaded > 0, "the check is not where this test puts it");
	stack_done(&stack);
}

static void only_ones_own(void **state)
{
	const struct scratch *s = *state;
	char name[100];
	int cache;

	check(cache_open("relative", NULL) < 0 && cache_open(NULL, NULL) < 0 && cache_open("", "") < 0, "from nowhere");
	check(cache_open("/proc/nowhere", NULL) < 0, "where none can be made");
	cache = own_cache(s);
	cleanup_fd(&cache);
	assert_false(fchmodat(s->dir, "anyarch/layers", 0777, 0));
	check(cache_open(s->path, NULL) < 0, "one that others may write to");
	assert_false(unlinkat(s->dir, "anyarch/layers", AT_REMOVEDIR) || symlinkat("/tmp", s->dir, "anyarch/layers"));
	check(cache_open(s->path, NULL) < 0, "one that is a link");
	scratch_empty(s);
	snprintf(name, sizeof(name), "%s/home", s->path);
	scratch_mkdir(s, "home");
	cache = cache_open(NULL, name);
	check(cache >= 0 && scratch_count(s, "home/.cache/anyarch") == 1, "~/.cache is not made");
	cleanup_fd(&cache);
}

static void what_was_not_used_goes_first(void **state)
{
	const struct scratch *s = *state;
	auto_fd cache = own_cache(s);
	char name[100];

	for (unsigned i = 0; i < 6; i++) {
		const struct timespec times[2] = { { 1000 + (i + 3) % 6, 0 }, { 1000 + (i + 3) % 6, 0 } };
		auto_fd fd = -1;

		snprintf(name, sizeof(name), "anyarch/layers/%064u", i);
		scratch_write(s, name, "x", 1, 0600);
		fd = openat(s->dir, name, O_RDWR | O_CLOEXEC);
		assert_false(ftruncate(fd, CACHE_ENTRY_MAX) || futimens(fd, times));
	}
	cache_trim(cache);
	check(scratch_count(s, "anyarch/layers") == 4, "%u are left", scratch_count(s, "anyarch/layers"));
	for (unsigned i = 0; i < 6; i++) {
		bool is_old = (i + 3) % 6 < 2;

		snprintf(name, sizeof(name), "anyarch/layers/%064u", i);
		check(faccessat(s->dir, name, F_OK, 0) == (is_old ? -1 : 0), "%s", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(what_was_kept_comes_back),
		unit_in_scratch(damage_is_noticed),
		unit_in_scratch(a_right_check_of_wrong_things_harms_nobody),
		unit_in_scratch(only_ones_own),
		unit_in_scratch(what_was_not_used_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
