// SPDX-License-Identifier: MIT
/* Emulators that Dockerfiles copy and the project lacks. */
#include "project/supply.h"

#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "emulator/search.h"
#include "project/scan.h"

enum { DIRS_MAX = 2 }; /* directories created for an emulator */

static int supply(
	const struct flow *f, const struct build_item *item, const char *path, struct supplied *s, struct err *e)
{
	const char *name = str_basename(path);
	auto_free char *parent = mem_part(path, (size_t)(name - path));
	auto_emulator emulator = EMULATOR_INIT;
	auto_newfile file = NEWFILE_INIT;
	auto_fd dir = -1;
	struct search usual = { 0 };
	int r = search_emulator(&usual, item->platform.arch, &emulator, NULL, NULL);

	if (r) {
		err_set(e, r, "the Dockerfile for %s copies %s, which neither the project nor this machine has",
			item->text, path);
		return err_hint(e, "install qemu-user-static; or remove the line: after 'anyarch register' images need "
				   "no emulator");
	}
	s->files[s->n].dir = -1;
	s->files[s->n++].path = mem_text(path);
	flow_note(f, "%s: copying %s into the project as %s until the build ends", item->text, emulator.path, path);
	if (f->request->dry_run)
		return 0;
	dir = beneath_open(f->request->dir, parent, O_RDONLY | O_DIRECTORY);
	if (dir == -ENOENT)
		dir = beneath_make_dirs(f->request->dir, parent, DIRS_MAX, &s->files[s->n - 1].made);
	if (dir < 0)
		return err_sys(e, dir, "%s", path);
	r = newfile_open_at(dir, name, NEWFILE_IS_NEW, &file, e);
	if (!r && (r = fd_copy(emulator.fd, file.fd)))
		err_sys(e, r, "cannot write %s", path);
	r = r ? r : newfile_commit(&file, 0755, e);
	if (r)
		return r;
	s->files[s->n - 1].dir = take_fd(&dir);
	return 0;
}

static bool is_there(const struct supplied *s, int dir, const char *path)
{
	auto_fd fd = -1;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->files[i].path, path))
			return true;
	fd = beneath_open(dir, path, O_PATH);
	return fd >= 0;
}

/* Handles COPY and ADD; their last word is the destination. */
static int supply_for(const struct flow *f, size_t i, const char *text, struct supplied *s, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	auto_free char *emulator = mem_print("qemu-%s-static", item->platform.arch->qemu), *path = NULL;
	const char *word;
	size_t len;
	int r = 0;

	while (!r && str_next_item(&text, &word, &len)) {
		/* The JSON form: ["from", "to"]. */
		for (; len && strchr("[\"", *word); len--)
			word++;
		while (len && strchr("\"]", word[len - 1]))
			len--;
		if (path && !is_there(s, f->request->dir, path) && s->n < PLATFORMS_MAX)
			r = supply(f, item, path, s, e);
		free(take_ptr(&path));
		if (len >= strlen(emulator) && !strncmp(word + len - strlen(emulator), emulator, strlen(emulator)))
			path = mem_part(word, len);
		if (path && (str_starts(path, "--") || strchr(path, '$') || strcmp(str_basename(path), emulator)))
			free(take_ptr(&path));
	}
	return r;
}

/* For atexit(3): memory may run out at any point. */
static struct supplied *supplied_now;

static void remove_supplied(void)
{
	if (supplied_now)
		supply_done(supplied_now);
}

int supply_begin(const struct flow *f, struct supplied *ret, struct err *e)
{
	int r = 0;

	*ret = (struct supplied){ .project = f->request->dir };
	supplied_now = ret;
	atexit(remove_supplied);
	for (size_t i = 0; !r && i < f->render.n; i++) {
		const struct buf *text = &f->render.files[i].text;
		struct scan s = { .text = buf_text(text), .len = text->len };
		struct scan_whole instruction = { 0 };

		while (!r && scan_whole(&s, &instruction)) {
			const char *rest = buf_text(&instruction.text);
			struct scan_word name = scan_word(&rest);

			if ((scan_word_is(name, "COPY") || scan_word_is(name, "ADD")) &&
				!scan_option(&rest, "--from=").text)
				r = supply_for(f, i, rest, ret, e);
		}
		buf_done(&instruction.text);
	}
	return r;
}

void supply_done(struct supplied *supplied)
{
	while (supplied->n) {
		const struct beneath_made *made = &supplied->files[--supplied->n].made;

		if (supplied->files[supplied->n].dir >= 0) {
			unlinkat(supplied->files[supplied->n].dir, str_basename(supplied->files[supplied->n].path), 0);
			close(supplied->files[supplied->n].dir);
		}
		if (made->n)
			beneath_remove_dirs(supplied->project, made->path, made->n, &made->time);
		free(supplied->files[supplied->n].path);
	}
	supplied_now = NULL;
}
