// SPDX-License-Identifier: MIT
/* Finds emulators, and checks whether they are usable. */
#include "emulator/search.h"

#include "emulator/package.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"

/* Debian 12: -static in /usr/bin; Debian 13 and Alpine: the plain name is static; Fedora: both. */
static const char *const usual_dirs[] = {
	"/usr/bin",
	"/usr/local/bin",
	"/usr/libexec/qemu-binfmt",
	"/usr/lib/qemu-binfmt",
	"/",
};

static const char *const usual_names[] = {
	"qemu-%s-static",
	"qemu-%s",
	"%s-binfmt-P",
};

struct attempt {
	const struct search *search;
	const struct arch *arch;
	struct emulator *ret;
	struct buf *passed;
	struct err first;
};

static int try_name(struct attempt *t, const char *dir, const char *name)
{
	auto_free char *path = mem_print("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
	auto_err e = { 0 };
	int r = emulator_open(t->search->root ? t->search->root : "", path, t->arch, t->ret, &e);

	if (!r)
		return 0;
	err_prefix(&e, "%s", path);
	if (t->passed)
		buf_addf(t->passed, "%s\n", e.message ? e.message : "?");
	if (r != -ENOENT && r != -ENOTDIR && !t->first.code)
		err_move(&t->first, &e);
	return r;
}

static int try_dir(struct attempt *t, const char *dir)
{
	const struct search *s = t->search;
	auto_buf name = { 0 };
	int r;

	if (s->prefix || s->suffix) {
		buf_addf(&name, "%sqemu-%s%s", s->prefix ? s->prefix : "", t->arch->qemu, s->suffix ? s->suffix : "");
		return try_name(t, dir, buf_text(&name));
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual_names); i++) {
		const char *star = strstr(usual_names[i], "%s");

		name.len = 0;
		buf_add(&name, usual_names[i], (size_t)(star - usual_names[i]));
		buf_addf(&name, "%s%s", t->arch->qemu, star + 2);
		r = try_name(t, dir, buf_text(&name));
		if (!r)
			return r;
	}
	return -ENOENT;
}

int search_emulator(
	const struct search *search, const struct arch *arch, struct emulator *ret, struct buf *passed, struct err *e)
{
	const char *const *dirs = search->n_dirs ? search->dirs : usual_dirs;
	size_t n_dirs = search->n_dirs ? search->n_dirs : ARRAY_SIZE(usual_dirs);
	struct attempt t = { .search = search, .arch = arch, .ret = ret, .passed = passed };
	auto_buf install = { 0 };

	for (size_t i = 0; i < search->n_files; i++) {
		if (search->file_arch[i] != arch)
			continue;
		if (!emulator_open(search->root ? search->root : "", search->files[i], arch, ret, e))
			return 0;
		return err_prefix(e, "%s", search->files[i]);
	}
	for (size_t i = 0; i < n_dirs; i++)
		if (!try_dir(&t, dirs[i])) {
			err_done(&t.first);
			return 0;
		}
	if (t.first.code)
		return err_move(e, &t.first);
	err_set(e, -ENOENT, "no static emulator found for %s", arch_word(arch));
	package_emulators(&install, arch);
	return err_hint(e, "%s; or name one: --emulator %s=FILE", buf_text(&install), arch_word(arch));
}

bool search_finds_any(const struct search *search)
{
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_emulator emulator = EMULATOR_INIT;
		auto_err why = { 0 };

		if (!search_emulator(search, a, &emulator, NULL, &why))
			return true;
	}
	return false;
}
