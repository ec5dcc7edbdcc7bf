// SPDX-License-Identifier: MIT
/* Emulators that a template copies into images. */
#include "project/copied.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"
#include "emulator/search.h"
#include "project/files.h"
#include "rootfs/beneath.h"

static bool is_directory(int dir, const char *path)
{
	auto_fd fd = beneath_open(dir, path, O_PATH | O_DIRECTORY);

	return fd >= 0;
}

static int hint(const struct arch *arch, const char *path, struct err *e)
{
	auto_emulator emulator = EMULATOR_INIT;
	struct search usual = { 0 };

	if (search_emulator(&usual, arch, &emulator, NULL, NULL))
		return err_hint(e,
			"no emulator for %s is installed; or leave the line out: after 'anyarch register' "
			"images need none",
			arch_word(arch));
	return err_hint(e,
		"copy %s to %s in the project; or leave the line out: after 'anyarch register' images need "
		"none",
		emulator.path, path);
}

static int check_file(int dir, const char *path, const struct arch *arch, struct err *e)
{
	auto_err why = { 0 };
	auto_fd fd = -1;

	if (is_directory(dir, path))
		return 0;
	fd = files_open(dir, path, &why);
	if (fd == -ENOENT)
		err_set(e, -ENOENT, "the emulator %s is not in the project", path);
	else if (fd < 0)
		err_move(e, &why);
	else if (!emulator_check(fd, &why))
		return 0;
	else
		err_set(e, -EBADMSG, "%s: %s", path, why.message ? why.message : "no emulator");
	hint(arch, path, e);
	return e ? e->code : fd < 0 ? fd : -EBADMSG;
}

/* Patterns, variables, quotes and addresses are the engine's business. */
static bool is_plain(const char *word)
{
	return !strpbrk(word, "*?[]$\"'\\<") && !strstr(word, "://") && *word != '-';
}

static int check_word(const char *text, size_t len, const struct target *target, int dir, struct err *e)
{
	auto_buf path = { 0 };
	int r;

	/* The JSON form: ["from", "to"]. */
	for (; len && strchr("[\"", *text); len--)
		text++;
	while (len && strchr("\"]", text[len - 1]))
		len--;
	r = placeholder_expand(text, len, target, &path, e);

	if (r || !is_plain(buf_text(&path)))
		return r;
	return check_file(dir, buf_text(&path), target->platform.arch, e);
}

/* The words of one line; the last of an instruction is where it is copied to. */
static int check_line(const struct template_line *line, const struct target *target, int dir, struct err *e)
{
	auto_free char *text = mem_part(line->text, line->len);
	const char *cursor = text, *word, *next, *rest;
	size_t len, next_len;
	int r = text ? 0 : err_sys(e, -ENOMEM, "cannot look at it");
	bool has_next = !r && str_next_item(&cursor, &next, &next_len);

	while (!r && has_next) {
		word = next;
		len = next_len;
		rest = cursor;
		has_next = str_next_item(&rest, &next, &next_len);
		cursor = rest;
		if (placeholder_names_emulator(word, len) && (has_next || line->is_continued))
			r = check_word(word, len, target, dir, e);
	}
	return r;
}

int copied_check(const struct template *t, const struct target *target, int dir, struct err *e)
{
	struct template_line line = { 0 };
	bool is_copy = false;

	while (template_next(t, target, &line)) {
		if (line.is_first)
			is_copy = template_is_instruction(&line, "COPY") || template_is_instruction(&line, "ADD");
		if (is_copy && memmem(line.text, line.len, "--from=", 7))
			is_copy = false;
		if (!is_copy || line.is_remark || line.is_dropped || line.drops_rest)
			continue;
		if (check_line(&line, target, dir, e))
			return err_prefix(e, "line %u", line.number);
	}
	return 0;
}
