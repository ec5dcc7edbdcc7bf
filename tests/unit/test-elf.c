// SPDX-License-Identifier: MIT
/* arch/elf: what a file is, whatever is given to be read. */
#include "arch/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fdio.h"
#include "base/str.h"
#include "data.h"
#include "kind.h"
#include "scratch.h"

static void whole_files_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		auto_free struct image *image = kind_image(&kinds[i]);
		struct elf_info info = { 0 };

		if (read_image(kinds[i].name, image, 0, &info))
			continue;
		check(info.head.bits == kinds[i].bits && info.head.is_big == kinds[i].is_big, "%s: %u bits",
			kinds[i].name, info.head.bits);
		check(info.head.machine == kinds[i].machine, "%s: e_machine %u", kinds[i].name, info.head.machine);
		check(info.head.type == 2, "%s: e_type %u", kinds[i].name, info.head.type);
		check(!info.has_interpreter && !*info.interpreter && !info.is_truncated, "%s: dynamic or truncated",
			kinds[i].name);
		check(info.linkage == ELF_STATIC, "%s: %s", kinds[i].name, elf_linkage_words[info.linkage]);
	}
}

static void interpreters_are_read(void **state)
{
	static char longest[ELF_INTERPRETER_MAX] = "/";
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "/lib/ld-linux-armhf.so.3", 25 },
		/* NUL-padded, as Debian's for mips and hppa are. */
		{ "/lib/ld.so.1\0\0\0", 16 },
		{ "/lib/ld.so.1\0/lib/ld.so.2", 26 },
		{ "a", 2 },
		{ longest, sizeof(longest) },
	};

	(void)state;
	memset(longest + 1, 'x', sizeof(longest) - 2);
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			auto_free struct image *image = kind_image(&kinds[i]);
			struct elf_info info = { 0 };

			image_interpreter(image, cases[k].bytes, cases[k].len);
			if (read_image(kinds[i].name, image, 0, &info))
				continue;
			check(info.has_interpreter && info.linkage == ELF_DYNAMIC, "%s: not seen", kinds[i].name);
			check(!strcmp(info.interpreter, cases[k].bytes), "%s: '%.60s'", kinds[i].name,
				info.interpreter);
		}
}

static void linkage_is_told(void **state)
{
	static const struct {
		uint16_t type;
		bool has_interpreter, has_dynamic;
		uint32_t tag; /* of the dynamic section */
		enum elf_linkage linkage;
	} cases[] = {
		{ 0, false, false, 0, ELF_UNKNOWN },
		{ 1, false, false, 0, ELF_RELOCATABLE },
		{ 2, false, false, 0, ELF_STATIC },
		{ 2, true, true, 0, ELF_DYNAMIC },
		{ 3, true, true, DT_DEBUG, ELF_DYNAMIC },
		{ 3, false, false, 0, ELF_STATIC_PIE },
		{ 3, false, true, DT_FLAGS_1, ELF_STATIC_PIE },
		{ 3, false, true, DT_DEBUG, ELF_STATIC_PIE },
		{ 3, false, true, DT_SONAME, ELF_LIBRARY },
		{ 3, false, true, DT_NEEDED, ELF_LIBRARY },
		{ 3, false, true, DT_HASH, ELF_LIBRARY }, /* musl's libc.so, with an entry point */
		{ 4, false, false, 0, ELF_CORE },
		{ 0xfe00, false, false, 0, ELF_UNKNOWN },
		{ 0xffff, false, false, 0, ELF_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			auto_free struct image *image = kind_image(&kinds[i]);
			struct elf_info info = { 0 };

			image_set(image, FIELD_TYPE, cases[k].type);
			image_set(image, FIELD_ENTRY, 0x1000);
			if (cases[k].has_dynamic) {
				image_segment(image, SEGMENT_DYNAMIC, 0x400, 16);
				image_put(image, 0x400, image->bits / 8, cases[k].tag);
				image_put(image, 0x400 + image->bits / 8, image->bits / 8, DF_1_PIE);
			}
			if (cases[k].has_interpreter)
				image_interpreter(image, "/lib/ld.so.1", 13);
			if (!read_image(kinds[i].name, image, 0, &info))
				check(info.linkage == cases[k].linkage, "%s, case %zu: %s", kinds[i].name, k,
					elf_linkage_words[info.linkage]);
		}
}

/* The header alone, from bytes that end where they end. */
static void heads_are_read_from_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t len = 0; len <= 70; len++) {
			auto_free struct image *image = kind_image(&kinds[i]);
			auto_free uint8_t *exact = malloc(len + 1);
			struct elf_head head = { 0 };
			auto_err e = { 0 };
			int r;

			image_set(image, FIELD_FLAGS, 0x12345678);
			memcpy(exact + 1, image->data, len);
			r = elf_read_head(exact + 1, len, &head, &e);
			check(r == (len < 4				    ? 0
					   : len < image_header_size(image) ? -EBADMSG
									    : 1),
				"%s, %zu bytes: %d", kinds[i].name, len, r);
			check(r != 1 || (head.bits == kinds[i].bits && head.flags == 0x12345678 &&
						head.machine == kinds[i].machine),
				"%s, %zu bytes: e_flags %x", kinds[i].name, len, head.flags);
		}
}

static void other_files_are_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *word;
	} cases[] = {
		{ "", 0, "empty" },
		{ "#!/bin/sh\n", 10, "script" },
		{ "#!", 2, "script" },
		{ "MZ\x90\0", 4, "Windows" },
		{ "\0asm\1\0\0\0", 8, "WebAssembly" },
		{ "!<arch>\n", 8, "archive" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "\xfd"
		  "7zXZ\0",
			6, "xz" },
		{ "PK\3\4", 4, "zip" },
		{ "\xcf\xfa\xed\xfe\x0c\0\0\1", 8, "macOS" },
		{ "\xca\xfe\xba\xbe\0\0\0\2", 8, "macOS" },
		{ "\x1f\x8b\x08\0", 4, "gzip" },
		{ "\x7f", 1, "text" },
		{ "\x7f"
		  "EL",
			3, "text" },
		{ "\x7f"
		  "elf",
			4, "text" },
		{ "\0\0\0\0\0\0\0\0", 8, "unknown data" },
		{ "hello", 5, "text" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd fd = memfd_create("other", MFD_CLOEXEC);
		auto_err e = { 0 };
		struct elf_info info;

		fd_write(fd, cases[i].bytes, cases[i].len);
		check_code(cases[i].word, elf_read(fd, &info, &e), -ENOEXEC, &e);
		check_sentence(cases[i].word, &e);
		check(e.message && strstr(e.message, cases[i].word), "'%s' without '%s'", e.message, cases[i].word);
	}
}

static int open_fifo(const struct scratch *s)
{
	assert_int_equal(mkfifoat(s->dir, "fifo", 0600), 0);
	return openat(s->dir, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Reading one of these would block or never end; check_begin() set an alarm. */
static void only_regular_files_are_read(void **state)
{
	const struct scratch *s = *state;
	int ends[2], sockets[2];
	auto_fd fifo = open_fifo(s), zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	auto_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	auto_fd beneath = open(s->path, O_PATH | O_CLOEXEC);

	alarm(10);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	read_fd("a directory", s->dir, -EBADMSG, NULL);
	read_fd("a directory by path", beneath, -EBADMSG, NULL);
	read_fd("a FIFO", fifo, -EBADMSG, NULL);
	read_fd("an empty pipe that blocks", ends[0], -EBADMSG, NULL);
	read_fd("a socket", sockets[0], -EBADMSG, NULL);
	read_fd("/dev/zero", zero, -EBADMSG, NULL);
	read_fd("/dev/null", null, -EBADMSG, NULL);
	read_fd("nothing", -1, -EBADF, NULL);
	for (size_t i = 0; i < 2; i++) {
		close(ends[i]);
		close(sockets[i]);
	}
}

static void unreadable_descriptors_are_errors(void **state)
{
	const struct scratch *s = *state;
	auto_fd fd = -1;

	scratch_write(s, "file", "\177ELF", 4, 0600);
	fd = openat(s->dir, "file", O_WRONLY | O_CLOEXEC);
	read_fd("a descriptor for writing", fd, -EBADF, NULL);
}

/* Another process cuts the file and makes it whole again, over and over. */
static void change_while_reading(int fd, const struct image *image)
{
	for (;;)
		for (size_t size = 0; size < image->size; size += 23)
			if (ftruncate(fd, (off_t)size) < 0 || pwrite(fd, image->data, image->size, 0) < 0)
				_exit(1);
}

static void files_may_change_while_read(void **state)
{
	auto_free struct image *image = kind_image(&kinds[0]);
	auto_fd fd = image_open(image, image->size);
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		change_while_reading(fd, image);
	for (unsigned i = 0; i < 3000; i++) {
		struct elf_info info = { 0 };
		int r = elf_read(fd, &info, NULL);

		check(r == 0 || r == -EBADMSG || r == -ENOEXEC, "round %u: %d", i, r);
		check(r || (info.head.machine == 183 && info.head.bits == 64), "round %u: machine %u", i,
			info.head.machine);
	}
	kill(pid, SIGKILL);
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the other one ended itself");
}

static const struct arch *arch_of(unsigned bits, bool is_big, uint16_t machine)
{
	struct elf_head head = { .bits = bits, .is_big = is_big, .machine = machine, .type = 2 };

	return elf_arch(&head);
}

static void headers_without_a_target(void **state)
{
	static const struct {
		const char *what;
		unsigned bits;
		bool is_big;
		uint16_t machine;
	} cases[] = {
		{ "aarch64 in 32 bits", 32, false, 183 },
		{ "x32", 32, false, 62 },
		{ "s390 in 31 bits", 32, true, 22 },
		{ "i386 in 64 bits", 64, false, 3 },
		{ "arm in 64 bits", 64, false, 40 },
		{ "ia64", 64, false, 50 },
		{ "arc", 32, false, 195 },
		{ "x86_64 of the other order", 64, true, 62 },
		{ "s390x of the other order", 64, false, 22 },
		{ "no machine", 64, false, 0 },
		{ "all ones", 64, false, 0xffff },
		{ "no class", 0, false, 62 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct arch *a = arch_of(cases[i].bits, cases[i].is_big, cases[i].machine);

		check(!a, "%s: %s", cases[i].what, a ? a->qemu : "");
	}
}

/* A real header, with the rest of its file left out. */
static struct image *image_of_hex(const char *hex, unsigned *ret_bits)
{
	struct image *image = calloc(1, sizeof(*image));

	assert_non_null(image);
	image->size = (size_t)str_from_hex(hex, image->data, 64);
	assert_int_equal(image->size, 64);
	image->bits = *ret_bits = image->data[4] == 2 ? 64 : 32;
	image->is_big = image->data[5] == 2;
	image_set(image, FIELD_PHNUM, 0);
	image_set(image, FIELD_SHNUM, 0);
	image_set(image, FIELD_SHOFF, 0);
	image_set(image, FIELD_SHSTRNDX, 0);
	image->size = 128;
	return image;
}

/* "qemu-microblaze-baab" is of the row microblaze, and qemu-i486 of i386. */
static bool is_handled_by(const struct arch *arch, const char *handler)
{
	for (size_t i = 0; arch && i < ARCH_MATCHES_MAX && arch->match[i].handler; i++)
		if (!strcmp(arch->match[i].handler, handler))
			return true;
	return false;
}

static void real_headers_have_their_row(void **state)
{
	struct data headers = data_open("ok-headers.tsv", 3);

	(void)state;
	while (data_next(&headers)) {
		unsigned bits;
		auto_free struct image *image = image_of_hex(headers.field[2], &bits);
		struct elf_info info = { 0 };
		const struct arch *arch;

		if (read_image(headers.field[1], image, 0, &info))
			continue;
		arch = elf_arch(&info.head);
		check(is_handled_by(arch, headers.field[0]), "%s, of %s, is taken for %s", headers.field[1],
			headers.field[0], arch ? arch->qemu : "nothing");
		check(info.head.bits == bits && (info.head.type == 2 || info.head.type == 3), "%s: %u bits, type %u",
			headers.field[1], info.head.bits, info.head.type);
	}
}

static void reading_leaves_no_descriptor(void **state)
{
	auto_free struct image *image = kind_image(&kinds[0]);
	auto_fd fd = image_open(image, image->size);
	unsigned before = count_fds();
	struct elf_info info;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		elf_read(fd, &info, NULL);
	check(count_fds() == before, "%u descriptors, then %u", before, count_fds());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(whole_files_are_read),
		unit(interpreters_are_read),
		unit(linkage_is_told),
		unit(heads_are_read_from_bytes),
		unit(other_files_are_named),
		unit_in_scratch(only_regular_files_are_read),
		unit_in_scratch(unreadable_descriptors_are_errors),
		unit(files_may_change_while_read),
		unit(headers_without_a_target),
		unit(real_headers_have_their_row),
		unit(reading_leaves_no_descriptor),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
