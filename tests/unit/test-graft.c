// SPDX-License-Identifier: MIT
/* image/graft and image/tar_write: the layer that is put on top, read back as an engine would. */
#include "image/graft.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "archive.h"
#include "base/fdio.h"
#include "check.h"
#include "image/tar_header.h"
#include "image/tar_write.h"
#include "stack.h"

enum { TIME = 1600000000 };

static void directory(struct buf *tar, const char *name, unsigned mode, uint64_t uid)
{
	struct header header = {
		.name = name, .type = '5', .mode = mode, .uid = uid, .gid = uid + 1, .mtime = 1500000000 + mode
	};

	archive_header(tar, &header);
}

/* 1000 bytes with a time. */
static int emulator(void)
{
	const struct timespec times[2] = { { TIME, 5 }, { TIME, 999999999 } };
	char bytes[1000];
	int fd = memfd_create("emulator", 0);

	memset(bytes, 'q', sizeof(bytes));
	assert_true(fd >= 0 && !fd_write(fd, bytes, sizeof(bytes)) && !futimens(fd, times));
	return fd;
}

/* The members of the layer as text, and its digest and size as they were told. */
static void list(const struct graft *graft, struct buf *out)
{
	auto_fd fd = memfd_create("layer", 0);
	char digest[DIGEST_TEXT];
	struct tar_reader reader;
	struct source *source;
	auto_err e = { 0 };
	struct stat st;
	int r;

	assert_false(graft_write(graft, fd) || digest_file(fd, digest) || fstat(fd, &st));
	check(!strcmp(digest, graft->diff_id), "the digest is %s, and was told as %s", digest, graft->diff_id);
	check((uint64_t)st.st_size == graft->tar_size, "%lld bytes", (long long)st.st_size);
	source = source_range(fd, 0, (uint64_t)st.st_size);
	tar_init(&reader, source, false);
	while ((r = tar_next(&reader, &e)) > 0)
		buf_addf(out, "%s %c %04o %llu:%llu %llu %lld\n", reader.entry.path, (char)reader.entry.type,
			reader.entry.mode, (unsigned long long)reader.entry.uid, (unsigned long long)reader.entry.gid,
			(unsigned long long)reader.entry.size, (long long)reader.entry.mtime);
	check_code("reading it", r, 0, &e);
	tar_done(&reader);
	source_free(source);
}

static void makes(const struct stack *s, const char *at, int code, const char *expected)
{
	auto_fd fd = emulator();
	struct graft_request request = { .view = &s->view, .at = at, .emulator = fd };
	struct graft graft = { 0 };
	auto_buf text = { 0 };
	auto_err e = { 0 };
	int r = graft_make(&request, &graft, &e);

	check_code(at, r, code, &e);
	if (r) {
		check_sentence(at, &e);
		return;
	}
	list(&graft, &text);
	check(!expected || !strcmp(buf_text(&text), expected), "%s: %s", at, buf_text(&text));
	graft_done(&graft);
}

static void directories_stay_what_they_are(void **state)
{
	struct stack s = { 0 };
	auto_buf tar = { 0 };

	(void)state;
	directory(&tar, "./", 0755, 0);
	directory(&tar, "usr/", 0711, 7);
	directory(&tar, "usr/bin/", 02775, 3000000);
	archive_link(&tar, "bin", "usr/bin", '2');
	archive_link(&tar, "sbin", "/usr/../usr/bin", '2');
	stack_add(&s, &tar);
	makes(&s, "/usr/bin/q", 0,
		"usr/ 5 0711 7:8 0 1500000457\nusr/bin/ 5 2775 3000000:3000001 0 1500001533\n"
		"usr/bin/q 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/bin/q", 0,
		"usr/ 5 0711 7:8 0 1500000457\nusr/bin/ 5 2775 3000000:3000001 0 1500001533\n"
		"usr/bin/q 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/sbin/q", 0,
		"usr/ 5 0711 7:8 0 1500000457\nusr/bin/ 5 2775 3000000:3000001 0 1500001533\n"
		"usr/bin/q 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/q", 0, "q 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/usr/new/dir/q", 0,
		"usr/ 5 0711 7:8 0 1500000457\nusr/new/ 5 0755 0:0 0 1600000000\n"
		"usr/new/dir/ 5 0755 0:0 0 1600000000\nusr/new/dir/q 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/../usr/q", 0, "usr/ 5 0711 7:8 0 1500000457\nusr/q 0 0755 0:0 1000 1600000000\n");
	stack_done(&s);
}

static void the_topmost_layer_counts(void **state)
{
	struct stack s = { 0 };
	auto_buf tar = { 0 };

	(void)state;
	directory(&tar, "usr/", 0700, 1);
	directory(&tar, "usr/bin/", 0701, 1);
	archive_link(&tar, "bin", "usr/bin", '2');
	stack_add(&s, &tar);
	/* Only told of by a member: the attributes are those below. */
	archive_file(&tar, "usr/bin/x", "x");
	directory(&tar, "usr/", 0750, 2);
	stack_add(&s, &tar);
	makes(&s, "/bin/q", 0,
		"usr/ 5 0750 2:3 0 1500000488\nusr/bin/ 5 0701 1:2 0 1500000449\n"
		"usr/bin/q 0 0755 0:0 1000 1600000000\n");
	/* The link is taken away, and a directory is there instead; the other directory goes and comes anew. */
	archive_file(&tar, ".wh.bin", "");
	archive_file(&tar, "usr/.wh.bin", "");
	stack_add(&s, &tar);
	makes(&s, "/bin/q", 0, "bin/ 5 0755 0:0 0 1600000000\nbin/q 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/usr/bin/q", 0,
		"usr/ 5 0750 2:3 0 1500000488\nusr/bin/ 5 0755 0:0 0 1600000000\n"
		"usr/bin/q 0 0755 0:0 1000 1600000000\n");
	directory(&tar, "bin/", 0705, 4);
	stack_add(&s, &tar);
	makes(&s, "/bin/q", 0, "bin/ 5 0705 4:5 0 1500000453\nbin/q 0 0755 0:0 1000 1600000000\n");
	stack_done(&s);
}

static void what_is_in_the_way_is_refused(void **state)
{
	struct stack s = { 0 };
	auto_buf tar = { 0 };

	(void)state;
	directory(&tar, "dir/", 0755, 0);
	archive_file(&tar, "file", "x");
	archive_link(&tar, "link", "file", '2');
	archive_link(&tar, "loop", "loop", '2');
	archive_link(&tar, "dangling", "/none", '2');
	archive_link(&tar, "device", "", '3');
	stack_add(&s, &tar);
	makes(&s, "/dir", -EBADMSG, NULL);
	makes(&s, "/device", -EBADMSG, NULL);
	makes(&s, "/file/q", -EBADMSG, NULL);
	makes(&s, "/link/q", -EBADMSG, NULL);
	makes(&s, "/loop/q", -EBADMSG, NULL);
	makes(&s, "/none/../q", -EBADMSG, NULL);
	makes(&s, "relative", -EBADMSG, NULL);
	makes(&s, "", -EBADMSG, NULL);
	makes(&s, "/", -EBADMSG, NULL);
	makes(&s, "/dir/", -EBADMSG, NULL);
	makes(&s, "/file", 0, "file 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/link", 0, "link 0 0755 0:0 1000 1600000000\n");
	makes(&s, "/dangling/q", 0, "none/ 5 0755 0:0 0 1600000000\nnone/q 0 0755 0:0 1000 1600000000\n");
	stack_done(&s);
}

static void the_epoch_bounds_times(void **state)
{
	static const struct {
		int64_t epoch, time;
	} cases[] = { { TIME - 1, TIME - 1 }, { TIME + 1, TIME }, { 0, 0 } };
	struct view nothing = { 0 };
	auto_fd fd = emulator();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct graft_request request = { &nothing, "/q", fd, true, cases[i].epoch };
		struct graft graft = { 0 };
		auto_buf text = { 0 }, expected = { 0 };
		auto_err e = { 0 };

		check_code("making it", graft_make(&request, &graft, &e), 0, &e);
		list(&graft, &text);
		buf_addf(&expected, "q 0 0755 0:0 1000 %lld\n", (long long)cases[i].time);
		check(!strcmp(buf_text(&text), buf_text(&expected)), "%s", buf_text(&text));
		graft_done(&graft);
	}
}

/* The same layer, told or stored while it is made; each file in its place, with its content. */
static void several_files_in_one_layer(void **state)
{
	static const struct view nothing = { 0 };
	auto_fd fd = emulator(), place = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), stored = -1;
	auto_buf empty = { 0 }, block = { 0 }, text = { 0 }, content = { 0 };
	struct graft_file files[] = { { "/lib/tools/empty", 0644, -1, &empty },
		{ "/lib/tools/block", 0644, -1, &block }, { "/lib/tools/bin/x", 0755, fd, NULL },
		{ "/lib/tools/bin/y", 0755, fd, NULL } };
	struct graft_request request = {
		.view = &nothing, .at = "/bin/q", .emulator = fd, .files = files, .n_files = ARRAY_SIZE(files)
	};
	struct graft one = { 0 }, two = { 0 };
	auto_err e = { 0 };

	(void)state;
	for (unsigned i = 0; i < TAR_BLOCK; i++)
		buf_adds(&block, "b");
	check_code("making it", graft_make(&request, &one, &e), 0, &e);
	list(&one, &text);
	check(!strcmp(buf_text(&text),
		      "bin/ 5 0755 0:0 0 1600000000\nbin/q 0 0755 0:0 1000 1600000000\n"
		      "lib/ 5 0755 0:0 0 0\nlib/tools/ 5 0755 0:0 0 0\nlib/tools/empty 0 0644 0:0 0 0\n"
		      "lib/tools/block 0 0644 0:0 512 0\nlib/tools/bin/ 5 0755 0:0 0 0\n"
		      "lib/tools/bin/x 0 0755 0:0 1000 0\nlib/tools/bin/y 0 0755 0:0 1000 0\n"),
		"%s", buf_text(&text));
	request.has_place = true;
	request.place = place;
	check_code("storing it", graft_make(&request, &two, &e), 0, &e);
	check(two.is_stored && !strcmp(one.diff_id, two.diff_id), "stored it is another one");
	cleanup_fd(&fd);
	fd = -1;
	stored = memfd_create("layer", 0);
	assert_false(stored < 0 || graft_write(&two, stored) || lseek(stored, 0, SEEK_SET) ||
		     fd_read_all(stored, BUF_LIMIT, &content));
	check(content.len == two.tar_size && memmem(content.data, content.len, block.data, block.len),
		"its content is lost");
	graft_done(&one);
	graft_done(&two);
}

static void files_beside_it_are_roots_alone(void **state)
{
	static const struct {
		const char *directory, *link;
		unsigned mode;
		uint64_t uid;
		int code;
	} cases[] = {
		{ "lib/tools/", NULL, 0755, 0, 0 },
		{ "lib/tools/", NULL, 0775, 0, -EBADMSG },
		{ "lib/tools/", NULL, 0757, 0, -EBADMSG },
		{ "lib/", NULL, 0755, 1, -EBADMSG },
		{ "lib/other/", NULL, 0777, 0, 0 },
		{ "lib/", "tools", 0755, 0, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf tar = { 0 }, nothing = { 0 };
		auto_fd fd = emulator();
		struct graft_file file = { "/lib/tools/index", 0644, -1, &nothing };
		struct stack s = { 0 };
		struct graft_request request = {
			.view = &s.view, .at = "/q", .emulator = fd, .files = &file, .n_files = 1
		};
		struct graft graft = { 0 };
		auto_err e = { 0 };

		directory(&tar, cases[i].directory, cases[i].mode, cases[i].uid);
		if (cases[i].link)
			archive_link(&tar, "lib/tools", "/elsewhere", '2');
		stack_add(&s, &tar);
		check_code(cases[i].directory, graft_make(&request, &graft, &e), cases[i].code, &e);
		graft_done(&graft);
		stack_done(&s);
	}
}

static void headers_read_back(const struct tar_entry *entry)
{
	auto_buf tar = { 0 };
	struct tar_reader reader;
	struct source *source;
	auto_err e = { 0 };
	auto_fd fd = -1;

	tar_write_header(&tar, entry);
	archive_end(&tar);
	fd = archive_open(tar.data, tar.len);
	source = source_range(fd, 0, tar.len);
	tar_init(&reader, source, false);
	check_code(entry->path, tar_next(&reader, &e), 1, &e);
	check(reader.entry.path && !strcmp(reader.entry.path, entry->path), "%s", entry->path);
	check(reader.entry.uid == entry->uid && reader.entry.gid == entry->gid && reader.entry.mtime == entry->mtime &&
			reader.entry.mode == entry->mode && reader.entry.type == entry->type,
		"%s: other attributes", entry->path);
	tar_done(&reader);
	source_free(source);
}

static void names_and_numbers_of_any_size(void **state)
{
	static const uint64_t ids[] = { 0, 1, 0777777, 07777777, 010000000, 0xffffffff };
	static const int64_t times[] = { 0, TIME, 077777777777, 0100000000000 };
	char name[600];

	(void)state;
	for (size_t len = 1; len < sizeof(name); len += len < 90 || len > 280 ? 13 : 1) {
		struct tar_entry entry = { .path = name, .type = TAR_FILE, .mode = 0755 };

		memset(name, 'n', len);
		name[len] = '\0';
		headers_read_back(&entry);
		for (size_t at = 40; at < len; at += 41)
			name[at] = '/';
		headers_read_back(&entry);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		for (size_t k = 0; k < ARRAY_SIZE(times); k++) {
			struct tar_entry entry = { .path = (char[]){ "d/" },
				.type = TAR_DIRECTORY,
				.mode = 07777,
				.uid = ids[i],
				.gid = ids[ARRAY_SIZE(ids) - 1 - i],
				.mtime = times[k] };

			headers_read_back(&entry);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(directories_stay_what_they_are),
		unit(the_topmost_layer_counts),
		unit(what_is_in_the_way_is_refused),
		unit(the_epoch_bounds_times),
		unit(several_files_in_one_layer),
		unit(files_beside_it_are_roots_alone),
		unit(names_and_numbers_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
