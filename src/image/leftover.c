// SPDX-License-Identifier: MIT
/* What a killed run leaves in a layout: noted in a file before it is written, removed by the next run. */
#include "image/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "image/edit.h"
#include "image/reach.h"

/* A list of names: 64 digits and a newline each. Unreferenced blobs of other programs are in no list, and stay. */
#define NOTE ".anyarch-changing"
enum { DIGITS = 64, NOTE_MAX = (DIGITS + 1) * 4 * MODEL_DOCUMENTS_MAX };

static const char *digits_of(const char *name)
{
	return str_starts(name, BUNDLE_BLOBS) ? name + strlen(BUNDLE_BLOBS) : NULL;
}

int leftover_note(int dir, int blobs, const struct edit *edit, struct err *e)
{
	auto_newfile file = NEWFILE_INIT;
	auto_buf text = { 0 };
	struct stat st, index;
	int r;

	for (size_t i = 0; i < edit->n; i++) {
		const char *digits = digits_of(edit->members[i].name);

		if (digits && fstatat(blobs, digits, &st, AT_SYMLINK_NOFOLLOW) < 0)
			buf_addf(&text, "%s\n", digits);
	}
	for (size_t i = 0; i < edit->n_obsolete; i++)
		if (digits_of(edit->obsolete[i]))
			buf_addf(&text, "%s\n", digits_of(edit->obsolete[i]));
	r = newfile_open_at(dir, NOTE, NEWFILE_REPLACES, &file, e);
	if (r)
		return r == -EEXIST ? err_hint(e, "remove it: anyarch did not create it") : r;
	/* Whoever may change the layout may also read and remove the note. */
	r = fstatat(dir, "index.json", &index, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : fd_look_like(file.fd, &index);
	return r ? err_sys(e, r, "cannot write %s", NOTE) : newfile_commit_text(&file, &text, index.st_mode & 0777, e);
}

void leftover_forget(int dir)
{
	unlinkat(dir, NOTE, 0);
}

void leftover_sweep(const struct bundle *layout)
{
	auto_fd blobs = commit_open_blobs(layout->dir, NULL);
	auto_fd file = fd_open_regular(layout->dir, NOTE, O_NOFOLLOW);
	auto_reach reach = { 0 };
	auto_buf note = { 0 };

	newfile_sweep(layout->dir);
	if (blobs < 0)
		return;
	newfile_sweep(blobs);
	if (file < 0 || fd_read_all(file, NOTE_MAX, &note) || reach_index(layout, false, &reach, NULL))
		return;
	/* Remove the noted blobs to which no descriptor leads. */
	for (const char *line = buf_text(&note); strlen(line) > DIGITS; line += DIGITS + 1) {
		auto_free char *digits = mem_part(line, DIGITS), *name = mem_print(BUNDLE_BLOBS "%s", digits);

		if (line[DIGITS] != '\n' || strspn(line, "0123456789abcdef") != DIGITS)
			return;
		if (!reach_has(&reach, name) && unlinkat(blobs, digits, 0) < 0 && errno != ENOENT)
			return;
	}
	leftover_forget(layout->dir);
}
