// SPDX-License-Identifier: MIT
/* Gathers native tools from an image: holds the needed files in memory, and unpacks nothing. */
#include <fcntl.h>
#include <string.h>

#include "accel/extract.h"
#include "accel/toolchain.h"
#include "image/facts.h"

struct search {
	const struct toolchain_request *request;
	const struct image_name *name;
	const struct bundle *bundle;
	const struct image_report *report;
	struct toolchain *toolchain;
	bool is_found;
	struct err *e;
};

/* Repeats while a file (a record, a program) requires another one (its digests, its libraries). */
static int gather(struct extract *x, const struct search *s)
{
	const struct tool_root root = { extract_open, x };
	struct toolchain *t = s->toolchain;
	auto_err why = { 0 };
	int r, more;

	do {
		toolchain_done(t);
		err_done(&why);
		r = toolchain_gather(s->request, &root, t, &why);
		more = extract_read(x, s->e);
	} while (more == 1);
	if (more || r)
		return more ? more : err_move(s->e, &why);
	/* Opens all files, since the image is closed before they are used. */
	for (size_t i = 0; i < t->n_files; i++) {
		t->files[i].fd = toolchain_open_file(t, i, s->e);
		if (t->files[i].fd < 0)
			return t->files[i].fd;
	}
	return 0;
}

static int look(struct image_facts *facts, const struct view *view, void *context)
{
	struct search *s = context;
	__attribute__((cleanup(extract_done))) struct extract x = { .view = view,
		.bundle = s->bundle,
		.names = facts->image->layers,
		.are_blobs = s->report->model.format != MODEL_DOCKER_ARCHIVE };

	if (s->is_found || !image_is_named(facts->image, s->name->reference) || !facts->content.has_platform ||
		facts->content.platform.arch != arch_host())
		return 0;
	if (facts->is_incomplete)
		return err_set(s->e, -EBADMSG, "a layer of it is not in the file");
	s->is_found = true;
	return gather(&x, s);
}

int toolchain_gather_image(
	const char *target, const struct toolchain_request *request, struct toolchain *ret, struct err *e)
{
	struct image_name name;
	struct image_report report = { 0 };
	struct search s = { request, &name, NULL, &report, ret, false, e };
	struct bundle *bundle = NULL;
	int fd, r;

	*ret = (struct toolchain)TOOLCHAIN_INIT;
	image_name_parse(target, &name);
	fd = open(name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bundle = fd < 0 ? NULL : bundle_open(fd, e);
	s.bundle = bundle;
	r = fd < 0 ? err_sys(e, -errno, "cannot open it") : bundle ? 0 : e->code;
	r = r ? r : image_look_each(bundle, &(struct image_visit){ look, &s }, &report, e);
	for (size_t i = 0; !r && !s.is_found && i < report.model.n; i++)
		if (report.facts[i].err.code)
			r = err_move(e, &report.facts[i].err);
	if (!r && !s.is_found)
		r = err_set(e, -EBADMSG, "it contains no image%s%s for this machine (%s)",
			name.reference ? " named " : "", name.reference ? name.reference : "", arch_host()->qemu);
	if (r)
		toolchain_done(ret);
	image_done(&report);
	bundle_free(bundle);
	free(name.path);
	return r;
}
