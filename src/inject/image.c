// SPDX-License-Identifier: MIT
/* inject and eject of images, from the input file to the written result. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "image/edit.h"
#include "image/facts.h"
#include "image/leftover.h"
#include "image/outlet.h"
#include "inject/image.h"

bool inject_is_image(const struct inject_target *t)
{
	if (!strcmp(t->name, "-"))
		return t->options->out; /* an archive from a pipe cannot be changed in place */
	return image_is_target(t->name);
}

static int write_archive(struct image_work *w, const struct edit *edit, int to)
{
	int r = commit_archive(w->bundle, edit, to, w->e);

	return r == -EEXIST ? err_prefix(w->e, "%s", w->target->name) : r;
}

static int write_result(struct image_work *w, const struct edit *edit)
{
	const char *path = w->options->out ? w->options->out : w->real;
	auto_newfile file = NEWFILE_INIT;
	mode_t mode = newfile_usual_mode();
	struct stat st;
	int r;

	if (w->is_directory) {
		r = commit_layout(w->file, edit, w->e);
		return r ? err_prefix(w->e, "%s", w->target->name) : 0;
	}
	if (w->options->out && !strcmp(path, "-")) {
		if (isatty(STDOUT_FILENO))
			return err_set(w->e, -EINVAL, "the result is an archive: refusing to write it to a terminal");
		return write_archive(w, edit, STDOUT_FILENO);
	}
	/* The new file takes mode and, for root, owner of the input file; after a pipe, the defaults. */
	r = newfile_open(path, NEWFILE_REPLACES, &file, w->e);
	if (!r)
		r = write_archive(w, edit, file.fd);
	if (!r && !fstat(w->file, &st) && S_ISREG(st.st_mode)) {
		mode = st.st_mode & 0777;
		if (geteuid() == 0 && fchown(file.fd, st.st_uid, st.st_gid) < 0 && errno != EINVAL && errno != EPERM)
			r = err_sys(w->e, -errno, "%s", path);
	}
	if (!r)
		r = newfile_commit(&file, mode, w->e);
	if (r && r != -EEXIST && r != -EINTR && w->e)
		w->e->code = -EIO;
	return r;
}

/*
 * Signatures and attestations are not rewritten: they still refer to the original image, even if the index that lists
 * them is updated.
 */
static void note_signatures(struct image_work *w)
{
	const struct model *model = &w->report.model;

	for (size_t i = 0; i < model->n; i++) {
		const struct model_image *image = &model->images[i];
		const struct edit_target *target = edit_find(w->targets, w->n, image->config_digest);
		bool has_attestation = false, has_other = false;
		auto_buf tag = { 0 }; /* of cosign */

		if (!target || !image->digest)
			continue;
		buf_addf(&tag, "sha256-%s.", image->digest + strlen("sha256:"));
		for (size_t k = 0; k < model->n; k++) {
			const struct model_image *other = &model->images[k];

			if (!(other->subject && !strcmp(other->subject, image->digest)) &&
				!(other->reference && strstr(other->reference, buf_text(&tag))))
				continue;
			has_attestation |= other->kind == MODEL_ATTESTATION;
			has_other |= other->kind != MODEL_ATTESTATION;
		}
		if (has_attestation)
			inject_note(w->target, "an attestation still refers to the original image: %s", image->digest);
		if (has_other)
			inject_note(w->target, "a signature or statement still refers to the original image: %s",
				image->digest);
	}
}

void image_tell(struct image_work *w, struct image_change *change, enum inject_result result)
{
	inject_tell(w->target->report, &(struct inject_outcome){ .result = result,
					       .arch = change->arch,
					       .place = take_ptr(&change->place),
					       .has_tools = change->tools || change->had_tools,
					       .tools = result,
					       .twins = change->tools ? accel_image_twins(change->tools) : NULL });
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether two images are distinct: platforms of one image share an entry, or have one name and different platforms. */
static bool is_other(const struct model_image *a, const struct model_image *b)
{
	if (a->top == b->top && a->is_second_half == b->is_second_half)
		return false;
	return !is_same(a->digest, b->digest) &&
	       (!is_same(a->reference, b->reference) ||
		       (is_same(a->os, b->os) && is_same(a->architecture, b->architecture) &&
			       is_same(a->variant, b->variant)));
}

/* A destination that the result cannot be written to is refused by --dry-run, too. */
static int change_images(struct image_work *w)
{
	struct edit edit = { 0 };
	const char *out = w->options->out, *nothing = NULL;
	const struct edit_request request = { w->bundle, &w->report.model, w->targets, w->n, w->name.reference };
	int r;

	if (!w->n && !w->has_left && !w->options->removes && w->options->has_platform &&
		image_absent(&w->report, w->name.reference, &w->options->platform))
		return err_set(w->e, -ENOENT,
			"%s: the image for this platform is not in the file: the index lists it, but it was not pulled",
			w->target->name);
	r = edit_plan(&request, &edit, w->e);
	if (!r && edit.n && !w->is_directory && !out && w->bundle->is_copy) {
		err_set(w->e, -EBADMSG, "compressed, and only plain archives are changed in place");
		r = err_hint(w->e, "-o FILE writes a plain archive");
	} else if (!r && w->is_directory && out) {
		err_set(w->e, -EINVAL, "a layout is changed in place");
		r = err_hint(w->e, "copy it first, and leave out --output");
	}
	if (r) {
		edit_done(&edit);
		return err_prefix(w->e, "%s", w->target->name);
	}
	if (edit.drops_oci_half)
		inject_note(w->target, "its OCI half has no layers and is omitted: only manifest.json is used");
	if (w->is_directory && !w->options->dry_run)
		leftover_sweep(w->bundle);
	if ((edit.n || out) && !w->options->dry_run)
		r = write_result(w, &edit);
	edit_done(&edit);
	if (r)
		return r;
	for (size_t i = 0; i < w->n; i++)
		image_tell(w, &w->changes[i],
			w->options->removes	 ? INJECT_REMOVED
			: w->changes[i].replaces ? INJECT_REPLACED
						 : INJECT_DONE);
	if (w->n)
		note_signatures(w);
	else if (w->options->removes)
		nothing = "it contains nothing that anyarch injected, or it was changed since";
	else if (!w->has_left)
		nothing = w->options->has_platform ? "it contains no image for this platform"
						   : "it contains no image that runs";
	w->target->report->nothing = nothing ? mem_text(nothing) : NULL;
	return 0;
}

/* Opens and locks the file. Tries again if another run replaced it between open() and flock(). */
static int open_locked(struct image_work *w)
{
	if (!strcmp(w->name.path, "-")) {
		w->file = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return w->file < 0 ? err_sys(w->e, -errno, "standard input") : 0;
	}
	for (unsigned tries = 0; tries < 10; tries++) {
		auto_fd fd = open(w->name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		struct stat own, there;

		if (fd < 0 || fstat(fd, &own) < 0)
			return err_sys(w->e, -errno, "%s", w->name.path);
		if (!S_ISREG(own.st_mode) && !S_ISDIR(own.st_mode))
			return err_set(w->e, -EBADMSG, "%s: neither a file nor a directory", w->name.path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return err_set(w->e, -EBUSY, "%s: another process is changing it", w->name.path);
		if (stat(w->name.path, &there) < 0 || there.st_ino != own.st_ino || there.st_dev != own.st_dev)
			continue;
		w->is_directory = S_ISDIR(own.st_mode);
		w->file = take_fd(&fd);
		w->real = mem_realpath(w->name.path); /* a symlink is kept: its target is replaced */
		return w->real ? 0 : err_sys(w->e, -errno, "%s", w->name.path);
	}
	return err_set(w->e, -EBUSY, "%s: another process is changing it", w->name.path);
}

/* Plans the change of each image; nothing is changed yet. */
static int look(struct image_work *w)
{
	const struct model *model = &w->report.model;
	const char *reference = w->name.reference;
	int fd = fcntl(w->file, F_DUPFD_CLOEXEC, 3), r;

	if (fd < 0)
		return err_sys(w->e, -errno, "cannot read it");
	w->bundle = bundle_open(fd, w->e);
	if (!w->bundle)
		return w->e->code;
	if (w->is_directory && !w->options->dry_run && !w->options->removes)
		w->blobs = commit_open_blobs(w->file, NULL); /* a failure is reported when writing */
	r = image_look_each(w->bundle, &(struct image_visit){ image_plan_look, w }, &w->report, w->e);
	for (size_t i = 0; !r && i < model->n; i++)
		if (w->report.facts[i].err.code)
			r = err_move(w->e, &w->report.facts[i].err);
	if (r)
		return r;
	if (reference && !w->has_named)
		return err_set(w->e, -ENOENT, "it contains no image named %s", reference);
	/* A short tag may match several images, and image-spec does not forbid duplicate names in index.json. */
	for (size_t i = 0; reference && i < model->n; i++)
		for (size_t k = 0; k < i && image_is_named(&model->images[i], reference); k++)
			if (image_is_named(&model->images[k], reference) &&
				is_other(&model->images[i], &model->images[k])) {
				err_set(w->e, -EBADMSG, "it contains two images named %s", reference);
				return err_hint(w->e, "omit the name to change all images");
			}
	return image_settle_tools(w);
}

int inject_image(struct inject_target *target, struct err *e)
{
	auto_free struct image_work *w = mem_new(1, sizeof(*w));
	const char *out = target->options->out;
	struct stat own, there;
	int r;

	*w = (struct image_work){ .target = target, .options = target->options, .file = -1, .blobs = -1, .e = e };
	image_name_parse(target->name, &w->name);
	r = open_locked(w);
	/* An existing file other than the input is replaced only with --force. */
	if (!r && out && strcmp(out, "-") != 0 &&
		(stat(out, &there) < 0 || fstat(w->file, &own) < 0 || own.st_dev != there.st_dev ||
			own.st_ino != there.st_ino))
		r = outlet_check(&(struct outlet_request){ .path = out, .force = target->options->force }, e);
	if (!r && look(w))
		r = err_prefix(w->e, "%s", w->target->name);
	else if (!r)
		r = change_images(w);
	for (size_t i = 0; i < MODEL_IMAGES_MAX; i++) {
		edit_target_done(&w->targets[i]);
		graft_done(&w->changes[i].graft);
		free(w->changes[i].place);
		free(w->changes[i].tools);
	}
	err_done(&w->why);
	image_done(&w->report);
	bundle_free(w->bundle);
	cleanup_fd(&w->file);
	cleanup_fd(&w->blobs);
	free(w->name.path);
	free(w->real);
	return r;
}
