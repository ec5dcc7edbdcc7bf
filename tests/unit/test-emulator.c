// SPDX-License-Identifier: MIT
/* emulator/emulator: what a fixed handler can use is opened, the rest refused with the reason. */
#include "emulator/emulator.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fdio.h"
#include "image.h"
#include "scratch.h"

static void write_image(const struct scratch *s, const char *name, const struct image *image, mode_t mode)
{
	scratch_write(s, name, image->data, image->size, mode);
}

static void good_emulators_are_opened(void **state)
{
	static const mode_t modes[] = { 0755, 0555, 0700, 0711, 01755, 0744 };
	const struct scratch *s = *state;
	auto_free struct image *image = image_for(arch_host());
	const struct arch *wanted = arch_by_qemu("s390x");

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		auto_emulator emulator = EMULATOR_INIT;
		auto_err e = { 0 };
		int r;

		write_image(s, "usr/bin/qemu-s390x", image, modes[i]);
		image_set(image, FIELD_TYPE, i % 2 ? 2 : 3);
		r = emulator_open(s->path, "/usr/bin/qemu-s390x", wanted, &emulator, &e);
		check_code("open", r, 0, &e);
		if (r)
			continue;
		check(emulator.arch == wanted, "of another architecture");
		check(!strcmp(emulator.path, "/usr/bin/qemu-s390x"), "path '%s'", emulator.path);
		check(fcntl(emulator.fd, F_GETFD) & FD_CLOEXEC, "inherited by programs");
		check((fcntl(emulator.fd, F_GETFL) & O_ACCMODE) == O_RDONLY, "not read-only");
	}
}

static void an_empty_root_is_the_real_one(void **state)
{
	const struct scratch *s = *state;
	auto_free struct image *image = image_for(arch_host());
	auto_emulator emulator = EMULATOR_INIT;
	auto_err e = { 0 };
	char path[128];

	write_image(s, "qemu", image, 0755);
	assert_int_equal(symlinkat("qemu", s->dir, "link"), 0);
	snprintf(path, sizeof(path), "%s/link", s->path);
	check_code("open", emulator_open("", path, arch_by_qemu("arm"), &emulator, &e), 0, &e);
	check(emulator.path && !strcmp(emulator.path, path), "path '%s'", emulator.path);
}

/* Opens, with and without an error to fill, and sees that a refusal changes and leaks nothing. */
static void check_refused(const char *root, const char *path, const char *what, int expected, const char *word)
{
	struct emulator emulator = EMULATOR_INIT;
	auto_err e = { 0 };
	unsigned before = count_fds();
	int r = emulator_open(root, path, arch_by_qemu("arm"), &emulator, &e);

	check_code(what, r, expected, &e);
	if (!r) {
		emulator_done(&emulator);
		return;
	}
	check_sentence(what, &e);
	check(e.message && strstr(e.message, word), "%s: '%s' without '%s'", what, e.message, word);
	check(emulator.fd == -1 && !emulator.path && !emulator.arch, "%s: filled in", what);
	check(emulator_open(root, path, arch_by_qemu("arm"), &emulator, NULL) == r,
		"%s: another result without an error to fill", what);
	check(count_fds() == before, "%s: descriptors are left open", what);
}

/* One that is not the host, of the same class and byte order where possible. */
static const struct arch *foreign(void)
{
	return arch_by_qemu(strcmp(arch_host()->qemu, "riscv64") ? "riscv64" : "x86_64");
}

static void unusable_files_are_refused(void **state)
{
	const struct scratch *s = *state;
	const struct arch *host = arch_host();
	auto_free struct image *dynamic = image_for(host), *other = image_for(foreign()), *unknown = image_for(host),
			       *truncated = image_for(host), *object = image_for(host), *core = image_for(host),
			       *class = image_for(host), *headers = image_for(host),
			       *empty = image_new(host->bits, host->is_big, host->match[0].machine);
	const struct {
		const char *name, *what, *word;
		const struct image *image;
	} cases[] = {
		{ "/dynamic", "with an interpreter", "dynamically linked", dynamic },
		{ "/foreign", "for another machine", foreign()->qemu, other },
		{ "/unknown", "for no machine that is known", "something else", unknown },
		{ "/truncated", "truncated", "truncated", truncated },
		{ "/object", "a relocatable object", "", object },
		{ "/core", "a core dump", "", core },
		{ "/class", "of the wrong class", "", class },
		{ "/headers", "with program headers outside", "", headers },
		{ "/empty", "without anything to load", "", empty },
	};

	image_interpreter(dynamic, "/lib/ld.so.1", 13);
	image_set(unknown, FIELD_MACHINE, 0x1234);
	truncated->size -= 1;
	image_set(object, FIELD_TYPE, 1);
	image_set(core, FIELD_TYPE, 4);
	image_set(class, FIELD_CLASS, 3);
	image_set(headers, FIELD_PHOFF, 1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_image(s, cases[i].name + 1, cases[i].image, 0755);
		check_refused(s->path, cases[i].name, cases[i].what, -EBADMSG, cases[i].word);
	}
}

/* Any architecture but the machine's own gives ELOOP when the kernel starts it (threats, 26). */
static void only_the_hosts_own_programs_emulate(void **state)
{
	const struct scratch *s = *state;

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_free struct image *image = image_for(a);

		write_image(s, a->qemu, image, 0755);
		if (a == arch_host())
			continue;
		auto_buf path = { 0 };

		buf_addf(&path, "/%s", a->qemu);
		check_refused(s->path, buf_text(&path), a->qemu, -EBADMSG, "this machine is");
	}
}

static void other_content_is_refused(void **state)
{
	const struct scratch *s = *state;
	static const struct {
		const char *name, *bytes, *word;
		size_t len;
	} cases[] = {
		{ "/nothing", "", "empty", 0 },
		{ "/script", "#!/bin/sh\nexec qemu\n", "script", 20 },
		{ "/cut", "\177ELF\2\1\1", "truncated", 7 },
		{ "/garbage", "\1\2\3\4\5", "not an ELF file", 5 },
		{ "/gzip", "\x1f\x8b\x08\0\0", "gzip", 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scratch_write(s, cases[i].name + 1, cases[i].bytes, cases[i].len, 0755);
		check_refused(s->path, cases[i].name, cases[i].name, -EBADMSG, cases[i].word);
	}
}

static void modes_without_execution_are_refused(void **state)
{
	static const mode_t modes[] = { 0644, 0600, 0666, 0444, 04644 };
	const struct scratch *s = *state;
	auto_free struct image *image = image_for(arch_host());

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char word[16];

		write_image(s, "qemu", image, modes[i]);
		snprintf(word, sizeof(word), "%04o", modes[i]);
		check_refused(s->path, "/qemu", word, -EBADMSG, word);
	}
}

static void modes_that_give_rights_are_refused(void **state)
{
	static const mode_t modes[] = { 04755, 02755, 06755, 04711 };
	const struct scratch *s = *state;
	auto_free struct image *image = image_for(arch_host());

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char word[16];

		write_image(s, "qemu", image, modes[i]);
		snprintf(word, sizeof(word), "%04o", modes[i]);
		check_refused(s->path, "/qemu", word, -EBADMSG, word);
	}
}

static void make_socket(const struct scratch *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", s->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* None of these may block; scratch_begin() set an alarm that is made shorter here. */
static void what_is_no_file_is_refused(void **state)
{
	const struct scratch *s = *state;

	alarm(10);
	scratch_mkdir(s, "dir");
	make_socket(s);
	assert_int_equal(mkfifoat(s->dir, "fifo", 0755), 0);
	assert_int_equal(symlinkat("loop", s->dir, "loop"), 0);
	assert_int_equal(symlinkat("nowhere", s->dir, "dangling"), 0);
	assert_int_equal(symlinkat("fifo", s->dir, "to-fifo"), 0);
	scratch_write(s, "file", "x", 1, 0755);
	check_refused(s->path, "/dir", "a directory", -EBADMSG, "not a regular file");
	check_refused(s->path, "/", "the root", -EBADMSG, "not a regular file");
	check_refused(s->path, "/fifo", "a FIFO", -EBADMSG, "not a regular file");
	check_refused(s->path, "/to-fifo", "a link to a FIFO", -EBADMSG, "not a regular file");
	check_refused(s->path, "/socket", "a socket", -EBADMSG, "");
	check_refused("", "/dev/null", "/dev/null", -EBADMSG, "not a regular file");
	check_refused("", "/dev/zero", "/dev/zero", -EBADMSG, "not a regular file");
	check_refused(s->path, "/none", "nothing", -ENOENT, "No such file");
	check_refused(s->path, "/none/qemu", "nothing in nothing", -ENOENT, "No such file");
	check_refused(s->path, "/dangling", "a link to nothing", -ENOENT, "No such file");
	check_refused(s->path, "/loop", "a loop of links", -ELOOP, "symbolic links");
	check_refused(s->path, "/file/qemu", "a file as a directory", -ENOTDIR, "Not a directory");
}

static void paths_that_no_rule_can_hold_are_refused(void **state)
{
	static const char *const paths[] = { "", "qemu", "./qemu", "bin/qemu", "/a:b", "/qemu:", "/qemu\n", "/\nqemu",
		"/qemu\nflags: F", "/\x1b[2Jqemu", "/qemu\t", "/qemu\x7f", "/\x01" };
	const struct scratch *s = *state;
	auto_free struct image *image = image_for(arch_host());

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *path = paths[i][0] == '/' ? paths[i] + 1 : "qemu";

		write_image(s, path, image, 0755);
		check_refused(s->path, paths[i], shown(paths[i], strlen(paths[i])), -EBADMSG, "path");
	}
}

static void done_twice_is_done(void **state)
{
	struct emulator emulator = EMULATOR_INIT;

	(void)state;
	emulator_done(&emulator);
	emulator_done(&emulator);
	check(emulator.fd == -1 && !emulator.path, "not empty");
}

/* A file of so many bytes with a text in it. */
static int file_with(size_t size, size_t at, const char *text)
{
	int fd = memfd_create("emulator", MFD_CLOEXEC);

	assert_true(fd >= 0 && !ftruncate(fd, (off_t)size));
	assert_int_equal(pwrite(fd, text, strlen(text), (off_t)at), strlen(text));
	return fd;
}

static bool check_version(const char *what, int fd, const char *arch, const char *expected)
{
	char version[EMULATOR_VERSION_MAX] = "untouched";
	bool found = emulator_version(fd, arch_by_qemu(arch), version);

	check(found == (*expected != '\0'), "%s: found %d", what, found);
	check(!strcmp(version, expected), "%s: '%s' instead of '%s'", what, version, expected);
	return !strcmp(version, expected);
}

static void versions_are_read(void **state)
{
	static const struct {
		const char *text, *arch, *version;
	} cases[] = {
		{ "qemu-arm version 7.2.22 (Debian 1:7.2+dfsg-7)", "arm", "7.2.22" },
		{ "qemu-arm version 10.2.2", "arm", "10.2.2" },
		{ "qemu-arm version 11.0.0-rc1\n", "arm", "11.0.0-rc1" },
		{ "qemu-arm version 7.2.22+dfsg ", "arm", "7.2.22+dfsg" },
		{ "xxqemu-aarch64_be version 8.0.0\0", "aarch64_be", "8.0.0" },
		{ "qemu-arm version 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17", "arm",
			"1.2.3.4.5.6.7.8.9.10.11.12.13.1" },
		{ "qemu-arm version 9\x1b[2J", "arm", "9" },
		/* of another target, or no version at all */
		{ "qemu-armeb version 7.2.22", "arm", "" },
		{ "qemu-arm version 7.2.22", "armeb", "" },
		{ "qemu-arm version %s", "arm", "" },
		{ "qemu-arm version ", "arm", "" },
		{ "qemu-arm version", "arm", "" },
		{ "qemu-arm version v7", "arm", "" },
		{ "QEMU-ARM VERSION 7.2", "arm", "" },
		{ "", "arm", "" },
		/* the usage text before it */
		{ "qemu-arm version %s qemu-arm version 7.2.22 ", "arm", "7.2.22" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd exact = file_with(strlen(cases[i].text), 0, cases[i].text);
		auto_fd inside = file_with(1 << 20, 300000, cases[i].text);

		check_version(cases[i].text, exact, cases[i].arch, cases[i].version);
		check_version(cases[i].text, inside, cases[i].arch, cases[i].version);
	}
}

/* Wherever the text stands: in one piece of what is read at a time, or across two. */
static void versions_may_cross_borders(void **state)
{
	static const char text[] = "qemu-aarch64 version 10.2.22-rc3 ";
	static const size_t borders[] = { 64 * 1024, 128 * 1024, 256 * 1024, 512 * 1024 };
	enum { BEFORE = 280, BEHIND = 16 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
		for (size_t at = borders[i] - BEFORE; at < borders[i] + BEHIND; at++) {
			auto_fd fd = file_with(borders[i] + 4096, at, text);
			auto_fd end = file_with(at + strlen(text), at, text);
			char what[64];

			snprintf(what, sizeof(what), "at %zu, %ld of a border", at, (long)at - (long)borders[i]);
			if (!check_version(what, fd, "aarch64", "10.2.22-rc3") ||
				!check_version(what, end, "aarch64", "10.2.22-rc3"))
				break;
		}
}

/* The same in a program whose constants, where the text is looked for first, begin anywhere. */
static void versions_are_among_the_constants(void **state)
{
	static const char text[] = "qemu-arm version 8.2.1 ";
	static const size_t constants[] = { 0, 1, 4096, 8192, 60000, 70000, 1 << 30 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
		auto_free struct image *image = image_for(arch_host());
		char what[64];

		image_segment(image, SEGMENT_LOAD, constants[i], 4096);
		image_set_segment_flags(image, 1, 4);
		memcpy(image->data + 65000, text, strlen(text));
		image->size = 66000;
		auto_fd fd = image_open(image, image->size);

		snprintf(what, sizeof(what), "constants at %zu", constants[i]);
		check_version(what, fd, "arm", "8.2.1");
	}
}

static void no_version_of_no_file(void **state)
{
	const struct scratch *s = *state;

	check_version("a directory", s->dir, "arm", "");
	check_version("nothing", -1, "arm", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(good_emulators_are_opened),
		unit_in_scratch(an_empty_root_is_the_real_one),
		unit_in_scratch(unusable_files_are_refused),
		unit_in_scratch(only_the_hosts_own_programs_emulate),
		unit_in_scratch(other_content_is_refused),
		unit_in_scratch(modes_without_execution_are_refused),
		unit_in_scratch(modes_that_give_rights_are_refused),
		unit_in_scratch(what_is_no_file_is_refused),
		unit_in_scratch(paths_that_no_rule_can_hold_are_refused),
		unit(done_twice_is_done),
		unit(versions_are_read),
		unit(versions_may_cross_borders),
		unit(versions_are_among_the_constants),
		unit_in_scratch(no_version_of_no_file),
	};

	return cmocka_run_group_tests_name("emulator", tests, NULL, NULL);
}
