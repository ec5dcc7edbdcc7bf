// SPDX-License-Identifier: MIT
/* Native tools for an image: selects them, and makes the layer with them. */
#include "accel/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "accel/extract.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "image/tmpfile.h"

#define PLACE_INDEX    ENTRY_PLACE_ROOT ENTRY_INDEX
#define PLACE_MANIFEST ENTRY_PLACE_ROOT "/" TOOLCHAIN_MANIFEST

static bool has_text(struct extract *x, const char *path, const struct buf *text)
{
	struct stat st;
	auto_fd fd = extract_open(x, path, &st);
	auto_buf have = { 0 };

	return fd >= 0 && (size_t)st.st_size == text->len && !fd_read_all(fd, BUF_LIMIT, &have) &&
	       have.len == text->len && !memcmp(have.data, text->data, text->len);
}

/* Whether the image has exactly these tools, at their paths themselves, not through links. */
static int look_whether_there(struct extract *x, struct accel_image *tools)
{
	const struct toolchain *t = tools->toolchain;
	auto_buf index = { 0 }, manifest = { 0 };
	int r = twins_index(t, &tools->twins, ENTRY_PLACE_ROOT, &index);

	r = r ? r : twins_manifest(t, &tools->twins, &manifest);
	if (r)
		return r;
	tools->is_there = has_text(x, PLACE_INDEX, &index) && has_text(x, PLACE_MANIFEST, &manifest);
	for (size_t i = 0; tools->is_there && i < t->n_files; i++) {
		auto_free char *path = mem_print("%s/%s", &ENTRY_PLACE_ROOT[1], t->files[i].name);
		const struct layer_program *program;
		struct view_hit hit;

		if (!twins_need(t, &tools->twins, i))
			continue;
		program = view_find(x->view, path, &hit) ? layer_program(hit.layer, hit.entry) : NULL;
		tools->is_there = program && program->size == t->files[i].size;
	}
	return 0;
}

int accel_image_find(const struct accel_image_source *source, struct accel_image *ret, struct err *e)
{
	__attribute__((cleanup(extract_done))) struct extract x = {
		.view = source->view, .bundle = source->bundle, .names = source->layers, .are_blobs = source->are_blobs
	};
	const struct tool_root root = { extract_open, &x };
	int r = extract_want(&x, PLACE_INDEX);

	r = r ? r : extract_want(&x, PLACE_MANIFEST);
	do {
		r = r < 0 ? r : twins_find(ret->toolchain, &root, &ret->twins, e);
		r = r ? r : extract_read(&x, e);
	} while (r == 1);
	if (r)
		return e->code ? r : err_sys(e, r, "cannot look for tools");
	r = ret->twins.n_equal ? look_whether_there(&x, ret) : 0;
	return r ? err_sys(e, r, "cannot look for tools") : 0;
}

struct twins *accel_image_twins(const struct accel_image *tools)
{
	struct twins *copy = mem_new(1, sizeof(*copy));

	*copy = tools->twins;
	return copy;
}

/* The layer's files: open descriptors, names, and short texts. */
struct files {
	struct graft_file list[TOOLCHAIN_FILES_MAX + 2];
	char *paths[TOOLCHAIN_FILES_MAX + 2];
	struct buf index, manifest;
	size_t n;
};

static void files_done(struct files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		cleanup_fd(&files->list[i].file);
		free(files->paths[i]);
	}
	buf_done(&files->index);
	buf_done(&files->manifest);
}

/* Takes ownership of fd. */
static void add_file(struct files *files, const char *name, unsigned mode, int fd, const struct buf *text)
{
	char *path = mem_print("%s/%s", ENTRY_PLACE_ROOT, name);

	files->paths[files->n] = path;
	files->list[files->n++] = (struct graft_file){ .path = path, .mode = mode, .file = fd, .text = text };
}

int accel_image_graft(const struct accel_image *tools, struct graft_request *request, struct graft *ret, struct err *e)
{
	__attribute__((cleanup(files_done))) struct files files = { 0 };
	auto_fd tmpdir = -1;
	const struct toolchain *t;
	int r;

	if (!tools)
		return graft_make(request, ret, e);
	t = tools->toolchain;
	r = twins_index(t, &tools->twins, ENTRY_PLACE_ROOT, &files.index);
	r = r ? r : twins_manifest(t, &tools->twins, &files.manifest);
	if (r)
		return err_sys(e, r, "cannot make the layer");
	add_file(&files, &ENTRY_INDEX[1], 0644, -1, &files.index);
	add_file(&files, TOOLCHAIN_MANIFEST, 0644, -1, &files.manifest);
	for (size_t i = 0; i < t->n_files; i++) {
		int fd;

		if (!twins_need(t, &tools->twins, i))
			continue;
		fd = toolchain_open_file(t, i, e);
		if (fd < 0)
			return fd;
		add_file(&files, t->files[i].name, 0755, fd, NULL);
	}
	request->files = files.list;
	request->n_files = files.n;
	/* Stores the layer at once, so that the files of all images need not stay open. */
	if (!request->has_place) {
		tmpdir = open(image_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		request->has_place = true;
		request->place = tmpdir;
	}
	r = graft_make(request, ret, e);
	if (r || ret->is_stored)
		return r;
	graft_done(ret);
	err_set(e, -EIO, "cannot store the layer in %s", image_tmpdir());
	return err_hint(e, "set TMPDIR to a directory with room for the native tools");
}
