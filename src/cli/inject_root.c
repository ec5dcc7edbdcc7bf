// SPDX-License-Identifier: MIT
/* inject and eject of root file systems: as many at once as there are descriptors for. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "accel/root.h"
#include "base/memory.h"
#include "base/stop.h"
#include "cli/inject.h"
#include "rootfs/survey.h"

enum { OTHER_FILES = 24 + INJECT_SOURCES_MAX };

/* What the root is made for, unless that was said. */
static int find_platform(struct inject_context *c, struct platform *ret, struct err *e)
{
	struct content content;
	unsigned long skipped;
	int r = 0;

	if (c->has_platform) {
		*ret = c->platform;
		return 0;
	}
	r = survey_root(c->root, false, &content, &skipped, e);
	if (!r && !content.has_platform) {
		r = err_set(e, -EBADMSG, "%s: no program in it tells its platform", c->target);
		err_hint(e, "say it: --platform PLATFORM");
	} else if (!r) {
		*ret = content.platform;
	}
	content_done(&content);
	return r;
}

static int eject_one(const char *at, void *context)
{
	struct inject_context *c = context;
	enum inject_result result;
	int r = eject_file(c->root, at, c->dry_run, &result, c->e);

	if (r)
		return err_prefix(c->e, "%s", c->target);
	if (result == INJECT_REMOVED) {
		c->found++;
		inject_tell(c, result, at, NULL, NULL);
	}
	return 0;
}

static int eject_tools(struct inject_context *c, struct err *e)
{
	enum inject_result result;
	int r = accelerate_remove(c->root, c->dry_run, &result, e);

	if (r)
		return err_prefix(e, "%s", c->target);
	if (result == INJECT_REMOVED) {
		c->found++;
		inject_tell(c, result, ENTRY_PLACE_ROOT, NULL, NULL);
	}
	return 0;
}

int inject_eject_root(struct inject_context *c, struct err *e)
{
	int r;

	c->found = 0;
	r = c->at ? 0 : eject_tools(c, e);
	if (r)
		return r;
	c->e = e;
	r = c->at ? eject_one(c->at, c) : inject_each(c->root, eject_one, c);
	if (r && !e->code)
		err_sys(e, r == -EACCES ? r : -EIO, "%s: not all of it could be looked at", c->target);
	if (!r && !c->found && !c->json && !c->quiet)
		say_note("%s: nothing was injected", c->target);
	c->e = NULL;
	return r;
}

int inject_open_root(struct inject_context *c, struct err *e)
{
	struct stat own, there;

	if (!strcmp(c->target, "-"))
		return err_set(e, -EINVAL, "'-' is no root file system");
	if (c->out) {
		err_set(e, -EINVAL, "%s: a root file system is changed in place", c->target);
		return err_hint(e, "copy it first, and leave out --output");
	}
	c->root = open(c->target, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (c->root < 0 && errno == ENOTDIR)
		return err_set(e, -EBADMSG, "%s: neither a directory nor an image", c->target);
	if (c->root < 0)
		return err_sys(e, -errno, "%s", c->target);
	if (!c->force && !stat("/", &own) && !fstat(c->root, &there) && own.st_dev == there.st_dev &&
		own.st_ino == there.st_ino) {
		err_set(e, -EINVAL, "%s: this is the root of this machine", c->target);
		return err_hint(e, "--force does it all the same");
	}
	return 0;
}

/* A root that is to get an emulator, or does not need one, or failed: err. */
struct target {
	int root;
	const struct arch *arch;
	char *place; /* NULL: native */
	struct inject_source *source;
	const struct toolchain *toolchain;
	struct twins *twins; /* NULL: no native tools are wanted */
	struct err err;
};

/* Which native tools it gets; that there is none is an error before anything is changed. */
static int look_at_tools(struct inject_context *c, struct target *t, const struct platform *platform)
{
	int r = toolchains_find(&c->toolchains, platform, &t->toolchain, &t->err);

	if (r)
		return err_prefix(&t->err, "%s", c->target);
	t->twins = mem_new(1, sizeof(*t->twins));
	if (!t->twins)
		return err_sys(&t->err, -ENOMEM, "%s", c->target);
	r = accelerate_find(c->root, t->toolchain, t->twins, &t->err);
	r = r ? r : twins_check(t->twins, &t->err);
	return r ? err_prefix(&t->err, "%s", c->target) : 0;
}

static int look_at_root(struct inject_context *c, struct target *t)
{
	struct platform platform = { 0 };
	int r = stop_check(&t->err);

	if (!r)
		r = inject_open_root(c, &t->err);
	t->root = c->root;
	if (!r)
		r = find_platform(c, &platform, &t->err);
	t->arch = platform.arch;
	if (r || inject_is_native(c, t->arch))
		return r;
	r = inject_find_source(c, t->arch, &t->source, &t->err);
	r = r || !c->accelerate ? r : look_at_tools(c, t, &platform);
	if (r)
		return r;
	t->place = inject_find_place(c, t->arch);
	return t->place ? 0 : err_sys(&t->err, -ENOMEM, "%s", c->target);
}

/* Tells what became of it, and lets it go. */
static int close_target(struct inject_context *c, struct target *t, struct inject_job *job)
{
	struct inject_tools tools = { .twins = t->twins };
	int status = EXIT_DONE;

	if (job && job->err.code) {
		err_move(&t->err, &job->err);
		err_prefix(&t->err, "%s", c->target);
	}
	if (!t->err.code && t->twins &&
		accelerate_put(t->root, t->toolchain, t->twins, c->dry_run, &tools.result, &t->err))
		err_prefix(&t->err, "%s", c->target);
	if (t->err.code) {
		fflush(stdout);
		status = exit_with(&t->err);
	} else {
		inject_tell(c, job ? job->result : INJECT_UNCHANGED, t->place, t->arch, t->twins ? &tools : NULL);
	}
	cleanup_fd(&t->root);
	free(t->twins);
	free(t->place);
	err_done(&t->err);
	return status;
}

int inject_roots(struct inject_context *c, size_t n, char **targets)
{
	struct inject_job jobs[INJECT_BATCH];
	struct target list[INJECT_BATCH];
	size_t where[INJECT_BATCH], n_jobs = 0;
	int status = EXIT_DONE;

	for (size_t i = 0; i < n; i++) {
		c->target = targets[i];
		c->root = -1;
		list[i] = (struct target){ .root = -1 };
		where[i] = INJECT_BATCH;
		if (look_at_root(c, &list[i]) || !list[i].place)
			continue;
		where[i] = n_jobs;
		jobs[n_jobs++] = (struct inject_job){ .root = list[i].root,
			.request = { list[i].source, list[i].place, c->dry_run, c->has_epoch, c->epoch } };
	}
	inject_files(jobs, n_jobs);
	for (size_t i = 0; i < n; i++) {
		int r;

		c->target = targets[i];
		r = close_target(c, &list[i], where[i] < n_jobs ? &jobs[where[i]] : NULL);
		status = status ? status : r;
	}
	return status;
}

size_t inject_batch_size(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= OTHER_FILES + INJECT_BATCH * INJECT_BATCH_FILES)
		return INJECT_BATCH;
	if (limit.rlim_cur < OTHER_FILES + INJECT_BATCH_FILES)
		return 1;
	return (limit.rlim_cur - OTHER_FILES) / INJECT_BATCH_FILES;
}
