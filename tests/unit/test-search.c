// SPDX-License-Identifier: MIT
/* emulator/search: each distribution's emulators are found, what is passed over is told. */
#include "emulator/search.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "image.h"
#include "scratch.h"

enum { FILES = 4 };

enum kind {
	NONE = 0,
	GOOD,
	DYNAMIC,
	FOREIGN,
	LOCKED, /* not executable */
	SCRIPT,
	DIRECTORY,
};

static void make_file(const struct scratch *s, const char *path, enum kind kind)
{
	const struct arch *other = arch_by_qemu(strcmp(arch_host()->qemu, "s390x") ? "s390x" : "arm");
	auto_free struct image *image = image_for(kind == FOREIGN ? other : arch_host());

	if (kind == DYNAMIC)
		image_interpreter(image, "/lib/ld.so.1", 13);
	if (kind == SCRIPT)
		scratch_write(s, path + 1, "#!/bin/sh\n", 10, 0755);
	else if (kind == DIRECTORY)
		scratch_mkdir(s, path + 1);
	else
		scratch_write(s, path + 1, image->data, image->size, kind == LOCKED ? 0644 : 0755);
}

struct tree {
	const char *path;
	enum kind kind;
};

static int find(const struct scratch *s, struct search search, const char *arch, struct emulator *ret,
	struct buf *passed, struct err *e)
{
	search.root = s->path;
	return search_emulator(&search, arch_by_qemu(arch), ret, passed, e);
}

/* What is there, and which of it is taken for arm; "" where none is, with the code. */
static const struct usual {
	const char *what;
	struct tree files[FILES];
	const char *found;
	int code;
} usual[] = {
	{ "Debian 12", { { "/usr/bin/qemu-arm-static", GOOD } }, "/usr/bin/qemu-arm-static", 0 },
	{ "Debian 13, Alpine", { { "/usr/bin/qemu-arm", GOOD } }, "/usr/bin/qemu-arm", 0 },
	{ "Fedora, both packages", { { "/usr/bin/qemu-arm-static", GOOD }, { "/usr/bin/qemu-arm", DYNAMIC } },
		"/usr/bin/qemu-arm-static", 0 },
	{ "an own build", { { "/usr/local/bin/qemu-arm", GOOD } }, "/usr/local/bin/qemu-arm", 0 },
	{ "Debian's registered path", { { "/usr/libexec/qemu-binfmt/arm-binfmt-P", GOOD } },
		"/usr/libexec/qemu-binfmt/arm-binfmt-P", 0 },
	{ "an older path", { { "/usr/lib/qemu-binfmt/arm-binfmt-P", GOOD } }, "/usr/lib/qemu-binfmt/arm-binfmt-P", 0 },
	{ "multiarch's tarball in the root", { { "/qemu-arm-static", GOOD } }, "/qemu-arm-static", 0 },
	{ "the static name first", { { "/usr/bin/qemu-arm", GOOD }, { "/usr/bin/qemu-arm-static", GOOD } },
		"/usr/bin/qemu-arm-static", 0 },
	{ "the system's before an own", { { "/usr/local/bin/qemu-arm-static", GOOD }, { "/usr/bin/qemu-arm", GOOD } },
		"/usr/bin/qemu-arm", 0 },
	{ "a dynamic one is passed over", { { "/usr/bin/qemu-arm", DYNAMIC }, { "/usr/local/bin/qemu-arm", GOOD } },
		"/usr/local/bin/qemu-arm", 0 },
	{ "all kinds are passed over",
		{ { "/usr/bin/qemu-arm-static", SCRIPT }, { "/usr/bin/qemu-arm", FOREIGN },
			{ "/usr/local/bin/qemu-arm-static", DIRECTORY }, { "/usr/local/bin/qemu-arm", GOOD } },
		"/usr/local/bin/qemu-arm", 0 },
	{ "only a dynamic one", { { "/usr/bin/qemu-arm", DYNAMIC } }, "", -EBADMSG },
	{ "only a foreign one", { { "/usr/bin/qemu-arm-static", FOREIGN } }, "", -EBADMSG },
	{ "only one that is not executable", { { "/usr/bin/qemu-arm-static", LOCKED } }, "", -EBADMSG },
	{ "only a directory", { { "/usr/bin/qemu-arm-static", DIRECTORY } }, "", -EBADMSG },
	{ "several bad ones", { { "/usr/bin/qemu-arm-static", SCRIPT }, { "/usr/local/bin/qemu-arm", LOCKED } }, "",
		-EBADMSG },
	{ "a file where a directory should be", { { "/usr/bin", GOOD } }, "", -ENOENT },
	{ "those of others",
		{ { "/usr/bin/qemu-armeb-static", GOOD }, { "/usr/bin/qemu-aarch64", GOOD },
			{ "/usr/bin/qemu-system-arm", GOOD }, { "/usr/bin/arm", GOOD } },
		"", -ENOENT },
	{ "nothing", { { NULL, NONE } }, "", -ENOENT },
};

static void make_tree(const struct scratch *s, const struct tree *files)
{
	for (size_t i = 0; i < FILES && files[i].path; i++)
		make_file(s, files[i].path, files[i].kind);
}

/* Each bad file that was met has its line with its path. */
static void check_passed(const struct usual *u, const char *passed)
{
	for (size_t i = 0; i < FILES && u->files[i].path; i++) {
		auto_buf line = { 0 };
		enum kind kind = u->files[i].kind;

		buf_addf(&line, "%s: ", u->files[i].path);
		if (kind != GOOD && strcmp(u->what, "Fedora, both packages"))
			check(strstr(passed, buf_text(&line)), "%s: %s is not told", u->what, u->files[i].path);
	}
}

static void emulators_are_found(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		const struct usual *u = &usual[i];
		auto_emulator emulator = EMULATOR_INIT;
		auto_buf passed = { 0 };
		auto_err e = { 0 };

		scratch_empty(*state);
		make_tree(*state, u->files);
		check_code(u->what, find(*state, (struct search){ 0 }, "arm", &emulator, &passed, &e), u->code, &e);
		check(!strcmp(emulator.path ? emulator.path : "", u->found), "%s: '%s'", u->what, emulator.path);
		check(emulator.arch == (u->code ? NULL : arch_by_qemu("arm")), "%s: of %s", u->what,
			emulator.arch ? emulator.arch->qemu : "nothing");
		check_passed(u, buf_text(&passed));
		if (u->code)
			check_sentence(u->what, &e);
	}
}

/* The first that is there and cannot be used is the one that is told. */
static void the_first_reason_is_told(void **state)
{
	const struct scratch *s = *state;
	auto_emulator emulator = EMULATOR_INIT;
	auto_err e = { 0 };

	make_file(s, "/usr/bin/qemu-arm", DYNAMIC);
	make_file(s, "/usr/local/bin/qemu-arm", SCRIPT);
	check_code("search", find(s, (struct search){ 0 }, "arm", &emulator, NULL, &e), -EBADMSG, &e);
	check(e.message && str_starts(e.message, "/usr/bin/qemu-arm: ") && strstr(e.message, "dynamic"), "'%s'",
		e.message);
}

static void nothing_found_has_a_hint(void **state)
{
	auto_emulator emulator = EMULATOR_INIT;
	auto_err e = { 0 };

	check_code("search", find(*state, (struct search){ 0 }, "arm", &emulator, NULL, &e), -ENOENT, &e);
	check(e.message && strstr(e.message, "arm"), "'%s'", e.message);
	check(e.hint && strstr(e.hint, "--emulator arm="), "'%s'", e.hint);
}

static void every_target_is_found(void **state)
{
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_emulator emulator = EMULATOR_INIT;
		auto_buf path = { 0 };
		auto_err e = { 0 };

		buf_addf(&path, "/usr/bin/qemu-%s-static", a->qemu);
		make_file(*state, buf_text(&path), GOOD);
		check_code(a->qemu, find(*state, (struct search){ 0 }, a->qemu, &emulator, NULL, &e), 0, &e);
		check(emulator.path && !strcmp(emulator.path, buf_text(&path)), "%s: %s", a->qemu, emulator.path);
	}
}

/* Directories, prefix and suffix that are given, and what is then found for arm. */
static const struct given {
	const char *what, *dirs[3], *prefix, *suffix;
	struct tree files[FILES];
	const char *found;
	int code;
} given[] = {
	{ "a directory", { "/opt/qemu" }, NULL, NULL, { { "/opt/qemu/qemu-arm-static", GOOD } },
		"/opt/qemu/qemu-arm-static", 0 },
	{ "a directory with a slash", { "/opt/qemu/" }, NULL, NULL, { { "/opt/qemu/qemu-arm", GOOD } },
		"/opt/qemu/qemu-arm", 0 },
	{ "the root", { "/" }, NULL, NULL, { { "/qemu-arm", GOOD } }, "/qemu-arm", 0 },
	{ "the first of two", { "/a", "/b" }, NULL, NULL,
		{ { "/a/arm-binfmt-P", GOOD }, { "/b/qemu-arm-static", GOOD } }, "/a/arm-binfmt-P", 0 },
	{ "the second of two", { "/a", "/b" }, NULL, NULL, { { "/a/qemu-arm", DYNAMIC }, { "/b/qemu-arm", GOOD } },
		"/b/qemu-arm", 0 },
	{ "not the usual ones", { "/opt" }, NULL, NULL, { { "/usr/bin/qemu-arm-static", GOOD } }, "", -ENOENT },
	{ "a directory that is a file", { "/opt" }, NULL, NULL, { { "/opt", GOOD } }, "", -ENOENT },
	{ "a directory that is not absolute", { "opt" }, NULL, NULL, { { "/opt/qemu-arm", GOOD } }, "", -EBADMSG },
	{ "a directory with a colon", { "/o:pt" }, NULL, NULL, { { "/o:pt/qemu-arm", GOOD } }, "", -EBADMSG },
	{ "a prefix", { NULL }, "buildkit-", NULL,
		{ { "/usr/bin/buildkit-qemu-arm", GOOD }, { "/usr/bin/qemu-arm", GOOD } }, "/usr/bin/buildkit-qemu-arm",
		0 },
	{ "a suffix", { "/usr/bin" }, NULL, "-static",
		{ { "/usr/bin/qemu-arm-static", GOOD }, { "/usr/bin/qemu-arm", GOOD } }, "/usr/bin/qemu-arm-static",
		0 },
	{ "an empty suffix", { NULL }, NULL, "",
		{ { "/usr/bin/qemu-arm-static", GOOD }, { "/usr/bin/qemu-arm", GOOD } }, "/usr/bin/qemu-arm", 0 },
	{ "a prefix that none has", { NULL }, "my-", NULL, { { "/usr/bin/qemu-arm", GOOD } }, "", -ENOENT },
	{ "a prefix that looks like a format", { NULL }, "%s%n", NULL, { { "/usr/bin/%s%nqemu-arm", GOOD } },
		"/usr/bin/%s%nqemu-arm", 0 },
};

static struct search search_of(const struct given *g)
{
	struct search search = { .prefix = g->prefix, .suffix = g->suffix };

	while (search.n_dirs < ARRAY_SIZE(g->dirs) && g->dirs[search.n_dirs]) {
		search.dirs[search.n_dirs] = g->dirs[search.n_dirs];
		search.n_dirs++;
	}
	return search;
}

static void what_is_given_is_obeyed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		const struct given *g = &given[i];
		auto_emulator emulator = EMULATOR_INIT;
		auto_err e = { 0 };

		scratch_empty(*state);
		make_tree(*state, g->files);
		check_code(g->what, find(*state, search_of(g), "arm", &emulator, NULL, &e), g->code, &e);
		check(!strcmp(emulator.path ? emulator.path : "", g->found), "%s: '%s'", g->what, emulator.path);
	}
}

/* --emulator arm=/my/arm: that one or none; for other architectures the search goes on. */
static void named_files_are_taken(void **state)
{
	const struct scratch *s = *state;
	struct search search = { .n_files = 2,
		.files = { "/my/arm", "/my/bad" },
		.file_arch = { arch_by_qemu("arm"), arch_by_qemu("riscv64") } };
	auto_emulator arm = EMULATOR_INIT, aarch64 = EMULATOR_INIT, riscv64 = EMULATOR_INIT;
	auto_err e = { 0 };

	make_file(s, "/my/arm", GOOD);
	make_file(s, "/my/bad", DYNAMIC);
	make_file(s, "/usr/bin/qemu-arm-static", GOOD);
	make_file(s, "/usr/bin/qemu-aarch64-static", GOOD);
	make_file(s, "/usr/bin/qemu-riscv64-static", GOOD);
	check_code("arm", find(s, search, "arm", &arm, NULL, &e), 0, &e);
	check(arm.path && !strcmp(arm.path, "/my/arm"), "arm: %s", arm.path);
	check_code("aarch64", find(s, search, "aarch64", &aarch64, NULL, &e), 0, &e);
	check(aarch64.path && !strcmp(aarch64.path, "/usr/bin/qemu-aarch64-static"), "aarch64: %s", aarch64.path);
	check_code("riscv64", find(s, search, "riscv64", &riscv64, NULL, &e), -EBADMSG, &e);
	check(e.message && str_starts(e.message, "/my/bad: ") && !riscv64.path, "'%s'", e.message);
}

static void a_refusal_needs_no_error_to_fill(void **state)
{
	const struct scratch *s = *state;
	struct search named = { .n_files = 1, .files = { "/none" }, .file_arch = { arch_by_qemu("arm") } };
	auto_emulator emulator = EMULATOR_INIT;
	int r = find(s, (struct search){ 0 }, "arm", &emulator, NULL, NULL);

	check(r == -ENOENT, "nothing: %d", r);
	r = find(s, named, "arm", &emulator, NULL, NULL);
	check(r == -ENOENT, "a named one that is not there: %d", r);
	make_file(s, "/usr/bin/qemu-arm", DYNAMIC);
	r = find(s, (struct search){ 0 }, "arm", &emulator, NULL, NULL);
	check(r == -EBADMSG, "a bad one: %d", r);
}

static void searching_leaves_no_descriptor(void **state)
{
	const struct scratch *s = *state;
	unsigned before;

	make_file(s, "/usr/bin/qemu-arm", DYNAMIC);
	make_file(s, "/usr/local/bin/qemu-arm", GOOD);
	before = count_fds();
	for (unsigned i = 0; i < 4; i++) {
		auto_emulator emulator = EMULATOR_INIT;

		find(s, (struct search){ 0 }, i % 2 ? "arm" : "mips", &emulator, NULL, NULL);
	}
	check(count_fds() == before, "%u descriptors, then %u", before, count_fds());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(emulators_are_found),
		unit_in_scratch(the_first_reason_is_told),
		unit_in_scratch(nothing_found_has_a_hint),
		unit_in_scratch(every_target_is_found),
		unit_in_scratch(what_is_given_is_obeyed),
		unit_in_scratch(named_files_are_taken),
		unit_in_scratch(a_refusal_needs_no_error_to_fill),
		unit_in_scratch(searching_leaves_no_descriptor),
	};

	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
