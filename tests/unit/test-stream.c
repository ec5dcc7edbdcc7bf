// SPDX-License-Identifier: MIT
/* base/stream: files, pipes and what they decompress to, whole, cut, changed and hostile. */
#include "base/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "archive.h"
#include "base/codec.h"
#include "base/fdio.h"
#include "base/stop.h"
#include "check.h"

enum { GZIP = 15 + 16, TEXT = 3000 };

/* Text that does not compress to nothing. */
static void make_text(struct buf *out, size_t len)
{
	for (unsigned i = 0; out->len < len; i++)
		buf_addf(out, "%u line %u\n", i * 2654435761u, i);
	out->len = len;
}

static void pack_gzip(struct buf *out, const void *data, size_t len)
{
	z_stream z = { 0 };
	size_t room = len + len / 10 + 1000;
	auto_free uint8_t *packed = malloc(room);

	assert_non_null(packed);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = packed;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(out, packed, room - z.avail_out);
	deflateEnd(&z);
}

/* With a checksum, as the program zstd does it. */
static void pack_zstd(struct buf *out, const void *data, size_t len)
{
	size_t room = ZSTD_compressBound(len), n;
	auto_free uint8_t *packed = malloc(room);
	ZSTD_CCtx *z = ZSTD_createCCtx();

	assert_true(packed && z);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(z, packed, room, data, len);
	assert_false(ZSTD_isError(n));
	buf_add(out, packed, n);
	ZSTD_freeCCtx(z);
}

/* RFC 8878 3.1.2: a frame to be passed over. */
static void add_skippable(struct buf *out, unsigned number, const void *data, uint32_t len)
{
	uint8_t head[8] = { (uint8_t)(0x50 + number), 0x2a, 0x4d, 0x18, (uint8_t)len, (uint8_t)(len >> 8),
		(uint8_t)(len >> 16), (uint8_t)(len >> 24) };

	buf_add(out, head, sizeof(head));
	buf_add(out, data, len);
}

typedef void (*pack_function)(struct buf *out, const void *data, size_t len);

static const struct {
	const char *name;
	pack_function pack;
} codecs[] = {
	{ "gzip", pack_gzip },
	{ "zstd", pack_zstd },
};

/* Everything that these bytes decode to, read in steps. 0 or what source_read() said. */
static int decode(const void *data, size_t len, size_t step, struct buf *out, const char **ret_codec)
{
	auto_fd fd = archive_open(data, len);
	auto_free uint8_t *chunk = malloc(step);
	struct source *source = source_range(fd, 0, len);
	auto_err e = { 0 };
	ssize_t n;

	assert_true(source && chunk);
	source = source_decode(source, ret_codec, &e);
	assert_non_null(source);
	check(!e.code, "an error and a source");
	while ((n = source_read(source, chunk, step)) > 0) {
		buf_add(out, chunk, (size_t)n);
		check(source_position(source) == out->len, "position %llu of %zu",
			(unsigned long long)source_position(source), out->len);
	}
	check(source_read(source, chunk, 1) == n, "the end is not the end");
	source_free(source);
	return (int)n;
}

static void decodes_to(const char *what, const struct buf *packed, const struct buf *want, const char *codec)
{
	static const size_t steps[] = { 1, 7, 512, 65536, 1 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		auto_buf got = { 0 };
		const char *name = "";
		int r = decode(buf_text(packed), packed->len, steps[i], &got, &name);

		check(!r, "%s in steps of %zu: %d", what, steps[i], r);
		check(got.len == want->len && !memcmp(buf_text(&got), buf_text(want), want->len),
			"%s in steps of %zu: other bytes, %zu of them", what, steps[i], got.len);
		check(!strcmp(name, codec), "%s: codec %s", what, name);
	}
}

static void is_corrupt(const char *what, const struct buf *packed)
{
	auto_buf got = { 0 };
	const char *name;
	int r = decode(buf_text(packed), packed->len, 4096, &got, &name);

	check(r == -EBADMSG, "%s: %d", what, r);
}

static void a_range_is_a_part_of_a_file(void **state)
{
	auto_fd fd = archive_open("0123456789", 10);
	struct source *source = source_range(fd, 2, 6);
	char text[16] = "";

	(void)state;
	assert_int_equal(source_read(source, text, 2), 2);
	assert_int_equal(source_skip(source, 1), 0);
	assert_int_equal(source_position(source), 3);
	assert_int_equal(source_read(source, text + 2, 10), 3);
	assert_string_equal(text, "23567");
	assert_int_equal(source_read(source, text, 1), 0);
	assert_int_equal(source_skip(source, 0), 0);
	assert_int_equal(source_position(source), 6);
	assert_int_equal(source_skip(source, 1), -EBADMSG);
	assert_int_equal(source_read(source, text, 1), -EBADMSG); /* it stays */
	source_free(source);
	source = source_range(fd, 2, 6);
	assert_int_equal(source_skip(source, 7), -EBADMSG);
	source_free(source);
	source = source_range(fd, 8, 6);
	assert_int_equal(source_read(source, text, 6), -EBADMSG); /* the file is shorter than was said */
	source_free(source);
	source = source_range(fd, 0, 10);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 10); /* its position is not used */
	source_free(source);
	source_free(NULL);
}

static void a_pipe_is_read_to_its_end(void **state)
{
	int ends[2];
	char text[16] = "";
	struct source *source;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_write(ends[1], "0123456789", 10), 0);
	close(ends[1]);
	source = source_pipe(ends[0]);
	assert_int_equal(source_read(source, text, 3), 3);
	assert_int_equal(source_skip(source, 4), 0);
	assert_int_equal(source_position(source), 7);
	assert_int_equal(source_read(source, text + 3, 10), 3);
	assert_string_equal(text, "012789");
	assert_int_equal(source_read(source, text, 1), 0);
	assert_int_equal(source_skip(source, 1), -EBADMSG);
	source_free(source);
	close(ends[0]);
}

static void what_is_not_compressed_stays(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	for (size_t len = 0; len <= 20; len++) {
		struct buf part = { .data = text.data, .len = len };

		decodes_to("short text", &part, &part, "none");
	}
	decodes_to("text", &text, &text, "none");
}

static void passing_over_begins_anywhere(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	for (size_t c = 0; c <= ARRAY_SIZE(codecs); c++)
		for (size_t at = 0; at < 40; at++) {
			auto_buf packed = { 0 };
			const char *codec;
			struct source *source;
			char got[20];
			auto_fd fd = -1;

			if (c < ARRAY_SIZE(codecs))
				codecs[c].pack(&packed, text.data, text.len);
			else
				buf_add(&packed, text.data, text.len);
			fd = archive_open(packed.data, packed.len);
			source = source_decode(source_range(fd, 0, packed.len), &codec, NULL);
			assert_non_null(source);
			assert_int_equal(source_skip(source, at), 0);
			assert_int_equal(source_read(source, got, sizeof(got)), sizeof(got));
			check(!memcmp(got, text.data + at, sizeof(got)), "%s: other bytes at %zu", codec, at);
			assert_int_equal(source_skip(source, TEXT - at - sizeof(got)), 0);
			assert_int_equal(source_read(source, got, 1), 0);
			source_free(source);
		}
}

static void every_size_comes_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 65535, 65536, 65537, 131072, 300000 };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(codecs); c++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			auto_buf text = { 0 }, packed = { 0 }, zeros = { 0 };
			auto_free void *nothing = calloc(1, sizes[i] + 1);

			if (sizes[i])
				make_text(&text, sizes[i]);
			codecs[c].pack(&packed, buf_text(&text), sizes[i]);
			decodes_to(codecs[c].name, &packed, &text, codecs[c].name);
			packed.len = 0;
			buf_add(&zeros, nothing, sizes[i]);
			codecs[c].pack(&packed, nothing, sizes[i]);
			decodes_to("zeros", &packed, &zeros, codecs[c].name);
		}
}

static void several_members_are_one(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	for (size_t c = 0; c < ARRAY_SIZE(codecs); c++)
		for (size_t cut = 0; cut <= TEXT; cut += 250) {
			auto_buf packed = { 0 };

			codecs[c].pack(&packed, text.data, cut);
			codecs[c].pack(&packed, "", 0);
			codecs[c].pack(&packed, text.data + cut, TEXT - cut);
			decodes_to(codecs[c].name, &packed, &text, codecs[c].name);
		}
}

/* As tar programs and tapes leave it behind the last member. */
static void zeros_behind_gzip_are_nothing(void **state)
{
	static const char zeros[70000];
	auto_buf text = { 0 }, packed = { 0 };

	(void)state;
	make_text(&text, TEXT);
	pack_gzip(&packed, text.data, text.len);
	buf_add(&packed, zeros, sizeof(zeros));
	decodes_to("zeros behind", &packed, &text, "gzip");
	buf_add(&packed, "x", 1);
	is_corrupt("and something behind them", &packed);
}

static void skippable_frames_are_passed_over(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	for (unsigned number = 0; number < 16; number++) {
		auto_buf packed = { 0 };

		add_skippable(&packed, number, text.data, number * 100);
		pack_zstd(&packed, text.data, 1000);
		add_skippable(&packed, 15 - number, "", 0);
		add_skippable(&packed, number, "x", 1);
		pack_zstd(&packed, text.data + 1000, TEXT - 1000);
		add_skippable(&packed, number, text.data, 2000);
		decodes_to("skippable frames", &packed, &text, "zstd");
	}
}

static void cut_anywhere_is_corrupt(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	for (size_t c = 0; c < ARRAY_SIZE(codecs); c++) {
		auto_buf packed = { 0 };

		codecs[c].pack(&packed, text.data, text.len);
		for (size_t len = 4; len < packed.len; len++) {
			struct buf cut = { .data = packed.data, .len = len };
			char what[64];

			snprintf(what, sizeof(what), "%s, %zu of %zu bytes", codecs[c].name, len, packed.len);
			is_corrupt(what, &cut);
		}
	}
}

/* Whatever is changed: never other bytes without an error. */
static void changed_anywhere_is_corrupt(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, 600);
	for (size_t c = 0; c < ARRAY_SIZE(codecs); c++) {
		auto_buf packed = { 0 };

		codecs[c].pack(&packed, text.data, text.len);
		for (size_t at = 4; at < packed.len; at++)
			for (unsigned bit = 0; bit < 8; bit++) {
				auto_buf got = { 0 };
				const char *codec;
				int r;

				packed.data[at] = (char)(packed.data[at] ^ 1 << bit);
				r = decode(packed.data, packed.len, 4096, &got, &codec);
				check(r == -EBADMSG ||
						(!r && got.len == text.len && !memcmp(got.data, text.data, text.len)),
					"%s, bit %u of byte %zu: %d, %zu bytes", codecs[c].name, bit, at, r, got.len);
				packed.data[at] = (char)(packed.data[at] ^ 1 << bit);
			}
	}
}

static void junk_behind_is_corrupt(void **state)
{
	auto_buf text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	for (size_t c = 0; c < ARRAY_SIZE(codecs); c++) {
		auto_buf packed = { 0 };

		codecs[c].pack(&packed, text.data, text.len);
		buf_adds(&packed, "junk, and more of it");
		is_corrupt(codecs[c].name, &packed);
	}
}

static void other_codecs_are_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} cases[] = {
		{ "BZh91AY&SY", 10, "bzip2" },
		{ "\xfd"
		  "7zXZ\0\0\4",
			8, "xz" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd fd = archive_open(cases[i].bytes, cases[i].len);
		const char *codec;
		auto_err e = { 0 };

		check(!source_decode(source_range(fd, 0, cases[i].len), &codec, &e), "%s", cases[i].name);
		check(e.code == -EBADMSG && e.hint && strstr(e.message, cases[i].name), "%s: %s", cases[i].name,
			e.message);
		check_sentence(cases[i].name, &e);
		check(!source_decode(source_range(fd, 0, cases[i].len), &codec, NULL), "%s", cases[i].name);
	}
}

/* What has been read of a bomb is decompressed for long: a signal ends that, too. */
static void a_signal_ends_passing_over(void **state)
{
	static const char zeros[1 << 20];
	auto_buf packed = { 0 };
	auto_fd fd = -1;
	const char *codec;
	struct source *source;
	char byte;
	int status;
	pid_t pid;

	(void)state;
	pack_gzip(&packed, zeros, sizeof(zeros));
	fd = archive_open(packed.data, packed.len);
	source = source_decode(source_range(fd, 0, packed.len), &codec, NULL);
	assert_non_null(source);
	assert_int_equal(source_read(source, &byte, 1), 1); /* the file is read to its end now */
	pid = fork();
	if (!pid) {
		stop_note(SIGTERM);
		_exit(source_skip(source, sizeof(zeros) - 1) != -EINTR);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	source_free(source);
}

/* A stream that cannot be read: the descriptor is none. */
static void failures_to_read_are_told(void **state)
{
	const char *codec;
	auto_err e = { 0 };
	struct source *source;
	char byte;

	(void)state;
	check(!source_decode(source_range(-1, 0, 100), &codec, &e), "read from nothing");
	check(e.code == -EBADF, "%d %s", e.code, e.message);
	source = source_pipe(-1);
	assert_int_equal(source_read(source, &byte, 1), -EBADF);
	assert_int_equal(source_skip(source, 1), -EBADF);
	source_free(source);
}

/* So many zeros as zstd frames, and how it ends. */
static int decode_zeros(uint64_t count)
{
	static uint8_t zeros[1 << 20], packed[1 << 20];
	auto_fd fd = archive_open("", 0);
	ZSTD_CCtx *z = ZSTD_createCCtx();
	const char *codec;
	struct source *source;
	off_t len;
	int r;

	for (uint64_t at = 0; at <= count; at += sizeof(zeros)) {
		ZSTD_inBuffer in = { zeros, (size_t)MIN_OF((uint64_t)sizeof(zeros), count - at), 0 };
		ZSTD_outBuffer out = { packed, sizeof(packed), 0 };

		ZSTD_compressStream2(z, &out, &in, at + sizeof(zeros) > count ? ZSTD_e_end : ZSTD_e_continue);
		assert_int_equal(fd_write(fd, packed, out.pos), 0);
	}
	ZSTD_freeCCtx(z);
	len = lseek(fd, 0, SEEK_END);
	source = source_decode(source_range(fd, 0, (uint64_t)len), &codec, NULL);
	assert_non_null(source);
	r = source_skip(source, count);
	source_free(source);
	return r;
}

static void bombs_are_refused(void **state)
{
	(void)state;
	assert_int_equal(decode_zeros(SOURCE_RATIO_FROM - 1), 0);
	assert_int_equal(decode_zeros(2 * SOURCE_RATIO_FROM), -E2BIG);
}

/* RFC 8878 3.1.1.1: frame headers that ask for too much, or for what nobody has. */
static void demanding_frames_are_refused(void **state)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
		int code;
	} cases[] = {
		{ "a window of 32 MiB", "\x28\xb5\x2f\xfd\0\x78\1\0\0", 9, 0 },
		{ "a window of 36 MiB", "\x28\xb5\x2f\xfd\0\x79\1\0\0", 9, -EBADMSG },
		{ "a window of 2 GiB", "\x28\xb5\x2f\xfd\0\xa8\1\0\0", 9, -EBADMSG },
		{ "a window of 3.75 TiB", "\x28\xb5\x2f\xfd\0\xff\1\0\0", 9, -EBADMSG },
		{ "content of 1 EiB", "\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x10\1\0\0", 16, -EBADMSG },
		{ "a dictionary", "\x28\xb5\x2f\xfd\1\x30\7\1\0\0", 10, -EBADMSG },
		{ "a reserved bit", "\x28\xb5\x2f\xfd\x08\x30\1\0\0", 9, -EBADMSG },
		{ "a reserved block", "\x28\xb5\x2f\xfd\0\x30\7\0\0", 9, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf got = { 0 };
		const char *codec;
		int r = decode(cases[i].bytes, cases[i].len, 4096, &got, &codec);

		check(r == cases[i].code && !got.len, "%s: %d", cases[i].what, r);
	}
}

static void what_is_packed_comes_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 300001 };
	static const struct {
		const char *codec;
		int (*pack)(int from, int to);
	} packers[] = { { "gzip", codec_gzip_pack }, { "zstd", codec_zstd_pack } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(packers); k++) {
			auto_buf text = { 0 }, packed = { 0 }, again = { 0 };
			auto_fd from = -1, to = memfd_create("packed", MFD_CLOEXEC),
				second = memfd_create("second", MFD_CLOEXEC);

			make_text(&text, sizes[i]);
			from = archive_open(text.data ? text.data : "", text.len);
			assert_false(packers[k].pack(from, to) || packers[k].pack(from, second));
			assert_false(lseek(to, 0, SEEK_SET) || lseek(second, 0, SEEK_SET));
			assert_false(fd_read_all(to, 1 << 20, &packed) || fd_read_all(second, 1 << 20, &again));
			check(packed.len == again.len && !memcmp(packed.data, again.data, again.len),
				"%s of %zu: other bytes", packers[k].codec, sizes[i]);
			decodes_to(packers[k].codec, &packed, &text, packers[k].codec);
		}
	check(codec_gzip_pack(-1, 1) == -EBADF && codec_zstd_pack(-1, 1) == -EBADF, "from nothing");
}

static void nothing_is_left_open(void **state)
{
	unsigned before = count_fds();
	auto_buf packed = { 0 }, text = { 0 };

	(void)state;
	make_text(&text, TEXT);
	pack_gzip(&packed, text.data, text.len);
	decodes_to("gzip", &packed, &text, "gzip");
	check(count_fds() == before, "%u descriptors instead of %u", count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_range_is_a_part_of_a_file),
		unit(a_pipe_is_read_to_its_end),
		unit(what_is_not_compressed_stays),
		unit(passing_over_begins_anywhere),
		unit(every_size_comes_back),
		unit(several_members_are_one),
		unit(zeros_behind_gzip_are_nothing),
		unit(skippable_frames_are_passed_over),
		unit(cut_anywhere_is_corrupt),
		unit(changed_anywhere_is_corrupt),
		unit(junk_behind_is_corrupt),
		unit(other_codecs_are_named),
		unit(a_signal_ends_passing_over),
		unit(failures_to_read_are_told),
		unit(bombs_are_refused),
		unit(demanding_frames_are_refused),
		unit(what_is_packed_comes_back),
		unit(nothing_is_left_open),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
