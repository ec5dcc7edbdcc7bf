// SPDX-License-Identifier: MIT
/* Checks native tools in a root as the entry stub does, and whether they are unchanged. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "accel/root.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/str.h"
#include "rootfs/beneath.h"

/* The tools that are checked. */
struct look {
	int root;
	struct buf index;
	struct json *manifest;
	struct buf *why;
};

static void say(const struct look *l, const char *what, const char *reason)
{
	if (!l->why->len)
		buf_addf(l->why, "%s %s", what, reason);
}

static bool is_trusted(int fd, const struct look *l, const char *what)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		say(l, what, "is missing");
	else if (st.st_uid && st.st_uid != geteuid())
		say(l, what, "is not owned by root");
	else if (st.st_mode & 022)
		say(l, what, "is writable by others");
	else
		return true;
	return false;
}

/* A text of the index; "" if out of range. */
static const char *text_at(const struct look *l, uint32_t at)
{
	return at < l->index.len ? l->index.data + at : "";
}

/* Whether a native file, by its path in the root, is trusted and has its digest in the manifest. */
static bool is_whole(const struct look *l, const char *path)
{
	const char *name = str_starts(path, ENTRY_PLACE_ROOT "/") ? path + strlen(ENTRY_PLACE_ROOT "/") : path;
	const struct json *files = jv_get(l->manifest, "files");
	const char *want = NULL;
	auto_fd fd = fd_reopen_regular(beneath_open(l->root, path, O_PATH | O_NOFOLLOW));
	char have[DIGEST_TEXT];

	for (size_t i = 0; i < jv_count(files); i++) {
		const char *own = jv_get_text(jv_at(files, i), "name");

		if (!own || strcmp(own, name))
			continue;
		want = jv_get_text(jv_at(files, i), "digest");
		break;
	}
	if (!is_trusted(fd, l, name))
		return false;
	if (!want || digest_file(fd, have) || strcmp(have, want))
		return say(l, name, "has changed since it was injected"), false;
	return true;
}

/* The stub requires this, since the loader searches subdirectories of its library directory. */
static bool is_flat_folder(const struct look *l, const char *path)
{
	auto_fd fd = beneath_open(l->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	auto_dir dir = NULL;
	const struct dirent *entry;
	bool is_flat = true;

	if (!is_trusted(fd, l, path))
		return false;
	dir = fd_list(take_fd(&fd));
	while (dir && is_flat && (entry = fd_next(dir)))
		is_flat = entry->d_type == DT_REG;
	if (!dir || !is_flat)
		say(l, path, "contains something other than regular files");
	return dir && is_flat;
}

/* Whether the root's own program is still the one that the native tool was chosen for. */
static bool is_known(const struct look *l, const struct entry_tool *tool)
{
	const char *path = text_at(l, tool->path);
	auto_fd fd = fd_reopen_regular(beneath_open(l->root, path, O_PATH));
	uint8_t id[ENTRY_ID_MAX];
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size == tool->size && st.st_mtim.tv_sec == tool->mtime &&
		tool->id_len <= sizeof(id) && fd_pread(fd, id, tool->id_len, tool->id_at) == (ssize_t)tool->id_len &&
		!memcmp(id, tool->id, tool->id_len))
		return true;
	say(l, path, fd < 0 ? "is gone" : "is not the program that the native tool was chosen for");
	return false;
}

static enum accelerate_state look_at_tools(const struct look *l, struct buf *tools, struct buf *lost)
{
	const struct entry_index *index = (const struct entry_index *)(const void *)l->index.data;
	const struct entry_tool *list = (const struct entry_tool *)(const void *)(index + 1);
	const struct entry_file *files = (const struct entry_file *)(const void *)(list + index->n_tools);
	bool is_good = true;

	for (uint32_t i = 0; is_good && i < index->n_files; i++) {
		const char *path = text_at(l, files[i].path);

		is_good = files[i].is_folder ? is_flat_folder(l, path) : is_whole(l, path);
	}
	for (uint32_t i = 0; i < index->n_tools; i++) {
		struct buf *words = lost;

		if (list[i].kind != ENTRY_PROGRAM || !list[i].size)
			continue;
		if (is_good && is_known(l, &list[i]) && is_whole(l, text_at(l, list[i].native)))
			words = tools;
		buf_addf(words, "%s%s", words->len ? " " : "", str_basename(text_at(l, list[i].path)));
	}
	return lost->len ? ACCELERATE_BROKEN : ACCELERATE_GOOD;
}

static bool read_documents(struct look *l, int dir)
{
	auto_fd index = fd_open_regular(dir, &ENTRY_INDEX[1], O_NOFOLLOW), manifest = -1;
	auto_buf text = { 0 };

	if (!is_trusted(index, l, "its index"))
		return false;
	if (fd_read_all(index, ENTRY_SIZE_MAX, &l->index) || !l->index.len ||
		!entry_index_is_good((const struct entry_index *)(const void *)l->index.data, l->index.len))
		return say(l, "its index", "is damaged"), false;
	manifest = fd_open_regular(dir, TOOLCHAIN_MANIFEST, O_NOFOLLOW);
	if (manifest >= 0 && !fd_read_all(manifest, BUF_LIMIT, &text))
		l->manifest = jv_load(buf_text(&text), text.len, NULL);
	if (!l->manifest)
		say(l, TOOLCHAIN_MANIFEST, "is damaged");
	return l->manifest;
}

int accelerate_look(int root, enum accelerate_state *ret, struct buf *tools, struct buf *lost, struct buf *why)
{
	struct look l = { .root = root, .why = why };
	auto_fd dir = beneath_open(root, ENTRY_PLACE_ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	*ret = ACCELERATE_NONE;
	if (dir == -ENOENT)
		return 0;
	*ret = ACCELERATE_BROKEN;
	if (dir < 0)
		say(&l, ENTRY_PLACE_ROOT, "is not a directory");
	else if (is_trusted(dir, &l, ENTRY_PLACE_ROOT) && read_documents(&l, dir))
		*ret = look_at_tools(&l, tools, lost);
	buf_done(&l.index);
	jv_free(l.manifest);
	return 0;
}
