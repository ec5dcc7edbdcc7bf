// SPDX-License-Identifier: MIT
/* A new image under its name when it is whole: an archive, or a layout. */
#include "image/image_out.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/newfile.h"

int image_out_archive(const char *path, image_out_writer *write, void *context, struct err *e)
{
	__attribute__((cleanup(outlet_done))) struct outlet outlet = { .dir = -1, .archive = -1 };
	auto_newfile file = NEWFILE_INIT;
	int r = newfile_open(path, &file, e);

	outlet.archive = file.fd;
	if (!r)
		r = write(&outlet, context, e);
	return r ? r : newfile_commit(&file, newfile_usual_mode(), e);
}

/* What was begun. The directory is ours: it was not there before. */
static void remove_layout(const struct outlet *outlet, const char *path)
{
	static const char *const documents[] = { "index.json", "oci-layout" };

	for (size_t i = 0; i < outlet->n; i++)
		unlinkat(outlet->dir, outlet->names[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
		unlinkat(outlet->dir, documents[i], 0);
	unlinkat(outlet->dir, "blobs/sha256", AT_REMOVEDIR);
	unlinkat(outlet->dir, "blobs", AT_REMOVEDIR);
	rmdir(path);
}

int image_out_layout(const char *path, image_out_writer *write, void *context, struct err *e)
{
	__attribute__((cleanup(outlet_done))) struct outlet outlet = { .dir = -1, .archive = -1 };
	auto_fd fd = -1;
	int r;

	if (mkdir(path, 0755) < 0) {
		err_sys(e, -errno, "%s", path);
		return errno == EEXIST ? err_hint(e, "a layout is made anew: name a directory that is not there")
				       : e->code;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, -errno, "%s", path);
	outlet.dir = fd;
	r = write(&outlet, context, e);
	if (r)
		remove_layout(&outlet, path);
	return r;
}
