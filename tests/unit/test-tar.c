// SPDX-License-Identifier: MIT
/* image/tar_read: what headers say, and what no reader may take. */
#include "image/tar_read.h"

#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "check.h"

/* A reader over the bytes of a buf; nothing is taken over. */
struct opened {
	int fd;
	struct source *source;
	struct tar_reader reader;
};

static struct opened open_as(const struct buf *tar, bool is_layer)
{
	struct opened o = { .fd = archive_open(tar->data, tar->len) };

	o.source = source_range(o.fd, 0, tar->len);
	assert_non_null(o.source);
	tar_init(&o.reader, o.source, is_layer);
	return o;
}

static struct opened open_tar(const struct buf *tar)
{
	return open_as(tar, false);
}

static void close_tar(struct opened *o)
{
	tar_done(&o->reader);
	source_free(o->source);
	cleanup_fd(&o->fd);
}

/* Reads all headers; the code at the end, and how many there were. */
static int read_as(const struct buf *tar, bool is_layer, unsigned *ret_count, struct err *e)
{
	struct opened o = open_as(tar, is_layer);
	unsigned n = 0;
	int r;

	while ((r = tar_next(&o.reader, e)) > 0)
		n++;
	close_tar(&o);
	if (ret_count)
		*ret_count = n;
	return r;
}

static int read_all(const struct buf *tar, unsigned *ret_count, struct err *e)
{
	return read_as(tar, false, ret_count, e);
}

static void refused(const char *what, const struct buf *tar, int code, const char *words)
{
	auto_err e = { 0 };

	check_code(what, read_all(tar, NULL, &e), code, &e);
	check_sentence(what, &e);
	check(e.message && strstr(e.message, words), "%s: '%s' without '%s'", what, e.message, words);
	check(read_all(tar, NULL, NULL) == code, "%s: another result without an error to fill", what);
}

/* The only member is taken; the caller looks at it. */
static struct opened first(const char *what, const struct buf *tar)
{
	struct opened o = open_tar(tar);
	auto_err e = { 0 };

	check_code(what, tar_next(&o.reader, &e), 1, NULL);
	check(!e.code && o.reader.entry.path, "%s: %s", what, e.message);
	return o;
}

static void every_field_is_read(void **state)
{
	auto_buf tar = { 0 };
	struct opened o;
	char content[8] = "";

	(void)state;
	archive_header(&tar, &(struct header){ .name = "name",
				     .prefix = "some/prefix",
				     .mode = 04755,
				     .uid = 1000,
				     .gid = 07777777,
				     .size = 5,
				     .mtime = 1234567890 });
	archive_content(&tar, "12345", 5);
	archive_header(&tar, &(struct header){ .name = "link", .link = "target", .type = '2', .size = 512 });
	archive_end(&tar);
	o = first("a file", &tar);
	assert_string_equal(o.reader.entry.path, "some/prefix/name");
	assert_int_equal(o.reader.entry.type, TAR_FILE);
	assert_int_equal(o.reader.entry.mode, 04755);
	assert_int_equal(o.reader.entry.uid, 1000);
	assert_int_equal(o.reader.entry.gid, 07777777);
	assert_int_equal(o.reader.entry.size, 5);
	assert_int_equal(o.reader.entry.mtime, 1234567890);
	assert_int_equal(o.reader.entry.offset, 512);
	assert_int_equal(tar_read(&o.reader, content, 2, NULL), 2);
	assert_int_equal(tar_read(&o.reader, content + 2, 6, NULL), 3);
	assert_int_equal(tar_read(&o.reader, content + 5, 1, NULL), 0);
	assert_string_equal(content, "12345");
	assert_int_equal(tar_next(&o.reader, NULL), 1);
	assert_string_equal(o.reader.entry.path, "link");
	assert_string_equal(o.reader.entry.linkname, "target");
	assert_int_equal(o.reader.entry.type, TAR_SYMLINK);
	assert_int_equal(o.reader.entry.size, 0); /* whatever its field says */
	assert_int_equal(tar_next(&o.reader, NULL), 0);
	assert_int_equal(tar_next(&o.reader, NULL), 0);
	close_tar(&o);
}

static void fields_that_are_full_have_no_nul(void **state)
{
	char name[101], prefix[156], link[101], want[300];
	auto_buf tar = { 0 };
	struct opened o;

	(void)state;
	memset(name, 'n', 100);
	memset(prefix, 'p', 155);
	memset(link, 'l', 100);
	name[100] = prefix[155] = link[100] = '\0';
	archive_header(&tar, &(struct header){ .name = name, .prefix = prefix, .link = link, .type = '2' });
	archive_end(&tar);
	snprintf(want, sizeof(want), "%s/%s", prefix, name);
	o = first("full fields", &tar);
	assert_string_equal(o.reader.entry.path, want);
	assert_string_equal(o.reader.entry.linkname, link);
	close_tar(&o);
}

/* Before POSIX.1-1988, and in GNU's own form, there was something else where the prefix is. */
static void a_prefix_is_of_ustar_only(void **state)
{
	static const char *const magics[] = { "", "ustar  \0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		auto_buf tar = { 0 };
		struct opened o;

		archive_header(&tar, &(struct header){ .name = "name", .prefix = "12345", .magic = magics[i] });
		archive_end(&tar);
		o = first("no ustar", &tar);
		assert_string_equal(o.reader.entry.path, "name");
		close_tar(&o);
	}
}

static void numbers_are_strict(void **state)
{
	static const struct {
		const char *field; /* 12 bytes */
		bool is_good;
		uint64_t value;
	} cases[] = {
		{ "00000000000\0", true, 0 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0", true, 0 },
		{ "            ", true, 0 },
		{ "00000000007 ", true, 7 },
		{ "      0007 \0", true, 7 },
		{ "7\0\0\0\0\0\0\0\0\0\0\0", true, 7 },
		{ "777777777777", true, 0777777777777 },
		{ "00000000008\0", false, 0 },
		{ "0000000000-1", false, 0 },
		{ "-0000000001\0", false, 0 },
		{ "+0000000001\0", false, 0 },
		{ "0x000000001\0", false, 0 },
		{ "0000 0000001", false, 0 },
		{ "00000\0"
		  "00001\0",
			false, 0 },
		{ "0000000001\n\0", false, 0 },
		{ "\x80\0\0\0\0\0\0\0\0\0\0\x7", true, 7 },
		{ "\x80\0\0\0\0\0\0\2\0\0\0\0", true, 1ull << 33 },
		{ "\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff", true, 0x3fffffffffffffff },
		{ "\x80\0\0\0\x80\0\0\0\0\0\0\0", false, 0 },
		{ "\x80\0\0\1\0\0\0\0\0\0\0\0", false, 0 },
		{ "\x81\0\0\0\0\0\0\0\0\0\0\0", false, 0 },
		{ "\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", false, 0 },
		{ "\xc0\0\0\0\0\0\0\0\0\0\0\0", false, 0 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *what = shown(cases[i].field, 12);
		auto_buf tar = { 0 };
		auto_err e = { 0 };
		struct opened o;
		int r;

		archive_header(&tar, &(struct header){ .name = "x", .raw_size = cases[i].field });
		archive_end(&tar);
		o = open_tar(&tar);
		r = tar_next(&o.reader, &e);
		check(r == (cases[i].is_good ? 1 : -EBADMSG), "%s: %d %s", what, r, e.message);
		check(r != 1 || o.reader.entry.size == cases[i].value, "%s: %llu", what,
			(unsigned long long)o.reader.entry.size);
		close_tar(&o);
	}
}

static void owners_and_times_are_read(void **state)
{
	auto_buf tar = { 0 }, others = { 0 };
	struct opened o;

	(void)state;
	archive_header(&tar, &(struct header){ .name = "x",
				     .raw_uid = "\x80\0\0\0\x80\0\0\0",
				     .raw_mtime = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" });
	archive_end(&tar);
	o = first("a big user", &tar);
	assert_int_equal(o.reader.entry.uid, 0x80000000);
	assert_int_equal(o.reader.entry.mtime, 0); /* before 1970: not known is good enough */
	close_tar(&o);
	archive_header(&others, &(struct header){ .name = "x", .raw_uid = "\xff\xff\xff\xff\xff\xff\xff\xff" });
	archive_end(&others);
	o = first("a negative user, as engines take it", &others);
	assert_true(o.reader.entry.uid == UINT64_MAX);
	close_tar(&o);
	buf_done(&others);
	archive_header(&others, &(struct header){ .name = "x", .raw_uid = "\0001750\0\0" });
	archive_end(&others);
	o = first("a NUL before the digits", &others);
	assert_int_equal(o.reader.entry.uid, 01750);
	close_tar(&o);
}

static void checksums_are_checked(void **state)
{
	static const char *const sums[] = { "000000\0 ", "        ", "\0\0\0\0\0\0\0\0", "777777\0 ", "zzzzzz\0 ",
		"\xff\xff\xff\xff\xff\xff\xff\xff" };
	auto_buf good = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		auto_buf tar = { 0 };

		archive_header(&tar, &(struct header){ .name = "x", .raw_checksum = sums[i] });
		archive_end(&tar);
		refused(shown(sums[i], 8), &tar, -EBADMSG, "checksum");
	}
	/* Any other byte makes another sum. */
	archive_header(&good, &(struct header){ .name = "x", .mode = 0644 });
	archive_end(&good);
	for (size_t at = 0; at < 512; at++) {
		if (at >= 148 && at < 156)
			continue;
		good.data[at]++;
		refused("a changed byte", &good, -EBADMSG, "checksum");
		good.data[at]--;
	}
	assert_int_equal(read_all(&good, NULL, NULL), 0);
}

static void types_are_told(void **state)
{
	static const struct {
		char type;
		int code;
		enum tar_type is;
		const char *words;
	} cases[] = {
		{ '0', 1, TAR_FILE, "" },
		{ '1', 1, TAR_HARDLINK, "" },
		{ '2', 1, TAR_SYMLINK, "" },
		{ '3', 1, TAR_CHAR, "" },
		{ '4', 1, TAR_BLOCK_DEVICE, "" },
		{ '5', 1, TAR_DIRECTORY, "" },
		{ '6', 1, TAR_FIFO, "" },
		{ '7', 1, TAR_FILE, "" },
		{ 'S', -EBADMSG, 0, "sparse" },
		{ 'Z', -EBADMSG, 0, "unknown type" },
		{ '8', -EBADMSG, 0, "unknown type" },
		{ '/', -EBADMSG, 0, "unknown type" },
		{ '\xff', -EBADMSG, 0, "unknown type" },
		{ 'V', -EBADMSG, 0, "unknown type" },
	};
	auto_buf old = { 0 };
	struct opened o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf tar = { 0 };

		archive_header(&tar, &(struct header){ .name = "x", .type = cases[i].type });
		archive_end(&tar);
		if (cases[i].code < 0) {
			refused(shown(&cases[i].type, 1), &tar, cases[i].code, cases[i].words);
			continue;
		}
		o = first(shown(&cases[i].type, 1), &tar);
		check(o.reader.entry.type == cases[i].is, "'%c' is '%c'", cases[i].type, o.reader.entry.type);
		close_tar(&o);
	}
	/* From before there was a type: NUL, and a slash says that it is a directory. */
	archive_header(&old, &(struct header){ .name = "x/" });
	old.data[156] = '\0';
	memcpy(old.data + 148, "0000000", 8);
	for (size_t i = 0, sum = 8 * ' '; i < 512; i++) {
		sum += i >= 148 && i < 156 ? 0 : (uint8_t)old.data[i];
		if (i == 511)
			snprintf(old.data + 148, 8, "%06o", (unsigned)sum);
	}
	archive_end(&old);
	o = first("an old directory", &old);
	assert_int_equal(o.reader.entry.type, TAR_DIRECTORY);
	close_tar(&o);
}

/* Readers disagree about a file whose name ends in a slash (Go reads its content, others take it
 * for a directory). */
static void content_is_never_taken_for_headers(void **state)
{
	static const char types[] = "0123456";

	(void)state;
	for (size_t i = 0; types[i]; i++) {
		auto_buf tar = { 0 }, inner = { 0 };
		auto_err e = { 0 };
		struct opened o;
		int r;

		archive_file(&inner, "inner", "");
		archive_header(&tar, &(struct header){ .name = "name/", .link = "x", .type = types[i], .size = 512 });
		if (types[i] == '0')
			archive_content(&tar, inner.data, inner.len);
		archive_file(&tar, "next", "");
		archive_end(&tar);
		o = open_tar(&tar);
		r = tar_next(&o.reader, &e);
		check(r == 1 || r == -EBADMSG, "'%c': %d", types[i], r);
		if (r == 1 && tar_next(&o.reader, &e) == 1)
			check(!strcmp(o.reader.entry.path, "next"), "'%c': then comes %s", types[i],
				o.reader.entry.path);
		close_tar(&o);
	}
}

static void pax_headers_win(void **state)
{
	static const char records[] = "19 path=pax/the/na\n16 linkpath=pax\n17 atime=1234.56\n9 size=3\n"
				      "20 SCHILY.xattr.x==\n";
	auto_buf tar = { 0 };
	char content[4] = "";
	struct opened o;

	(void)state;
	archive_extension(&tar, 'g', "11 path=gg\n", 11); /* as every reader of images, not taken */
	archive_extension(&tar, 'x', records, strlen(records));
	archive_header(&tar, &(struct header){ .name = "header", .link = "header", .size = 511 });
	archive_content(&tar, "123", 3);
	archive_file(&tar, "next", "abc");
	archive_end(&tar);
	o = first("pax", &tar);
	assert_string_equal(o.reader.entry.path, "pax/the/na");
	assert_string_equal(o.reader.entry.linkname, "pax");
	assert_int_equal(o.reader.entry.size, 3);
	assert_int_equal(o.reader.entry.offset, 5 * 512);
	assert_int_equal(tar_read(&o.reader, content, 3, NULL), 3);
	assert_string_equal(content, "123");
	/* It is about one member. */
	assert_int_equal(tar_next(&o.reader, NULL), 1);
	assert_string_equal(o.reader.entry.path, "next");
	assert_int_equal(o.reader.entry.size, 3);
	assert_int_equal(tar_next(&o.reader, NULL), 0);
	close_tar(&o);
}

/* An empty value takes a record back (POSIX.1-2001, pax): the header's own counts. */
static void an_empty_record_is_none(void **state)
{
	auto_buf tar = { 0 };
	struct opened o;

	(void)state;
	archive_extension(&tar, 'x', "8 path=\n", 8);
	archive_file(&tar, "header", "");
	archive_end(&tar);
	o = first("an empty path", &tar);
	assert_string_equal(o.reader.entry.path, "header");
	close_tar(&o);
}

static void pax_records_are_strict(void **state)
{
	static const struct {
		const char *record, *words;
	} cases[] = {
		{ "0 path=x\n", "PAX" },
		{ "9 path=x", "PAX" },
		{ "9 path=xx", "PAX" },
		{ "11 path=x\n", "PAX" },
		{ "8 path=x\n", "PAX" },
		{ "path=x\n", "PAX" },
		{ " 9 path=x\n", "PAX" },
		{ "09999 path=x\n", "PAX" },
		{ "-9 path=x\n", "PAX" },
		{ "+9 path=x\n", "PAX" },
		{ "9\tpath=x\n", "PAX" },
		{ "7 path\n", "'='" },
		{ "3 \n", "PAX" },
		{ "2 ", "PAX" },
		{ "1", "PAX" },
		{ "99999999999999999999999999 path=x\n", "PAX" },
		{ "9 path=x\n9 path=y", "PAX" },
		{ "11 size=-1\n", "size" },
		{ "11 size=0x\n", "size" },
		{ "9 size= \n", "size" },
		{ "28 size=9223372036854775808\n", "size" },
		{ "29 size=99999999999999999999\n", "size" },
		{ "22 GNU.sparse.major=1\n", "sparse" },
		{ "19 GNU.sparse.map=\n", "sparse" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf tar = { 0 };

		archive_extension(&tar, 'x', cases[i].record, strlen(cases[i].record));
		archive_file(&tar, "x", "");
		archive_end(&tar);
		refused(shown(cases[i].record, strlen(cases[i].record)), &tar, -EBADMSG, cases[i].words);
	}
}

static void names_have_no_nul(void **state)
{
	auto_buf tar = { 0 }, link = { 0 };

	(void)state;
	archive_extension(&tar, 'x', "12 path=a\0bc\n", 13);
	archive_file(&tar, "x", "");
	archive_end(&tar);
	tar.data[512 + 1] = '3'; /* "13 path=…" */
	refused("a path", &tar, -EBADMSG, "NUL");
	archive_extension(&link, 'x', "16 linkpath=a\0b\n", 16);
	archive_link(&link, "x", "y", '2');
	archive_end(&link);
	refused("a link", &link, -EBADMSG, "NUL");
}

static void gnu_names_are_read(void **state)
{
	static char name[TAR_NAME_MAX + 1];
	auto_buf tar = { 0 }, longer = { 0 };
	struct opened o;

	(void)state;
	memset(name, 'n', TAR_NAME_MAX);
	archive_extension(&tar, 'L', name, TAR_NAME_MAX);
	archive_extension(&tar, 'K', "target\0garbage", 14);
	archive_link(&tar, "short", "short", '2');
	archive_end(&tar);
	o = first("a long name", &tar);
	assert_string_equal(o.reader.entry.path, name);
	assert_string_equal(o.reader.entry.linkname, "target");
	close_tar(&o);
	archive_header(&longer, &(struct header){ .name = "x", .type = 'L', .size = TAR_NAME_MAX + 1 });
	refused("a longer name", &longer, -E2BIG, "bytes");
	longer.len = 0;
	archive_header(&longer, &(struct header){ .name = "x", .type = 'x', .size = TAR_PAX_MAX + 1 });
	refused("a long PAX header", &longer, -E2BIG, "bytes");
}

static void the_end_is_two_zero_blocks(void **state)
{
	static const char zero[512];
	auto_buf tar = { 0 };
	unsigned n;

	(void)state;
	archive_file(&tar, "x", "content");
	buf_add(&tar, zero, 512);
	assert_int_equal(read_all(&tar, &n, NULL), 0); /* one, and the end of the file */
	assert_int_equal(n, 1);
	archive_file(&tar, "y", "");
	refused("a member behind a zero block", &tar, -EBADMSG, "end");
	tar.len -= 512;
	buf_add(&tar, zero, 512);
	archive_file(&tar, "y", "");
	assert_int_equal(read_all(&tar, &n, NULL), 0); /* what is behind the end is not there */
	assert_int_equal(n, 1);
}

/* Two members: the second begins with its PAX header in block 2 and ends, but for padding, in the
 * middle of block 6. */
static struct buf two_members(size_t *ret_second, size_t *ret_end)
{
	struct buf tar = { 0 };
	char content[700] = "";

	archive_file(&tar, "first", "content");
	*ret_second = tar.len;
	archive_extension(&tar, 'x', "15 path=second\n", 15);
	archive_bytes(&tar, "x", content, sizeof(content));
	*ret_end = *ret_second + 3 * 512 + sizeof(content);
	archive_end(&tar);
	return tar;
}

static void a_cut_archive_is_refused(void **state)
{
	size_t second, end;
	auto_buf tar = two_members(&second, &end);

	(void)state;
	for (size_t len = 0; len < tar.len; len++) {
		struct buf cut = { .data = tar.data, .len = len };
		auto_err e = { 0 };
		unsigned n = 0;
		int r = read_all(&cut, &n, &e);

		/* One zero block is enough. */
		check(r == (len == tar.len - 512 ? 0 : -EBADMSG), "%zu bytes: %d", len, r);
		check(n == (len < 512 ? 0 : len < second + 3 * 512 ? 1 : 2), "%zu bytes: %u members", len, n);
		if (r)
			check_sentence("a cut archive", &e);
	}
}

/* How long a layer is, is known from elsewhere, and umoci writes neither zero blocks nor the last padding; an empty
 * blob is an empty layer. */
static void a_layer_may_end_between_members(void **state)
{
	size_t second, end;
	auto_buf tar = two_members(&second, &end);

	(void)state;
	for (size_t len = 0; len < tar.len; len++) {
		struct buf cut = { .data = tar.data, .len = len };
		bool is_behind_first = !len || len == 512 + 7 || len == second;
		bool is_behind_second = len == end || len == tar.len - 1024 || len == tar.len - 512;
		auto_err e = { 0 };
		unsigned n = 0;
		int r = read_as(&cut, true, &n, &e);

		check(r == (is_behind_first || is_behind_second ? 0 : -EBADMSG), "%zu bytes: %d %s", len, r, e.message);
		check(n == (len < 512 ? 0 : len < second + 3 * 512 ? 1 : 2), "%zu bytes: %u members", len, n);
	}
}

static void passing_over_is_reading(void **state)
{
	auto_buf tar = { 0 };
	struct opened o;
	char chunk[1000];

	(void)state;
	for (size_t i = 0; i < 10; i++)
		archive_bytes(&tar, "x", memset(chunk, '0' + (int)i, sizeof(chunk)), i * 100);
	archive_end(&tar);
	for (size_t take = 0; take <= 1000; take += 50) {
		o = open_tar(&tar);
		for (size_t i = 0; i < 10; i++) {
			ssize_t want = (ssize_t)MIN_OF(take, i * 100);

			assert_int_equal(tar_next(&o.reader, NULL), 1);
			assert_int_equal(tar_read(&o.reader, chunk, take, NULL), want);
			check(!want || chunk[want - 1] == '0' + (int)i, "another member's content");
		}
		assert_int_equal(tar_next(&o.reader, NULL), 0);
		close_tar(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(every_field_is_read),
		unit(fields_that_are_full_have_no_nul),
		unit(a_prefix_is_of_ustar_only),
		unit(numbers_are_strict),
		unit(owners_and_times_are_read),
		unit(checksums_are_checked),
		unit(types_are_told),
		unit(content_is_never_taken_for_headers),
		unit(pax_headers_win),
		unit(an_empty_record_is_none),
		unit(pax_records_are_strict),
		unit(names_have_no_nul),
		unit(gnu_names_are_read),
		unit(the_end_is_two_zero_blocks),
		unit(a_cut_archive_is_refused),
		unit(a_layer_may_end_between_members),
		unit(passing_over_is_reading),
	};

	return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
