// SPDX-License-Identifier: MIT
/* inject and eject of a root file system. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "accel/place.h"
#include "accel/root.h"
#include "base/memory.h"
#include "base/stop.h"
#include "image/image_name.h"
#include "inject/work.h"
#include "rootfs/disk.h"
#include "rootfs/survey.h"

/* Opens a directory, or the root file system of a disk image, the latter read-only for planning. */
static int open_root(const struct inject_target *t, bool *ret_is_disk, struct err *e)
{
	auto_fd root = -1;
	struct stat own, there;

	if (!strcmp(t->name, "-"))
		return err_set(e, -EINVAL, "'-' is not a root file system");
	if (t->options->out) {
		err_set(e, -EINVAL, "%s: a root file system is changed in place", t->name);
		return err_hint(e, "copy it first, and leave out --output");
	}
	root = open(t->name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (root < 0 && (errno == ENOTDIR || errno == ENOENT)) {
		int code = -errno;

		root = disk_open_dir(t->name, DISK_PLAN, &t->report->partition, e);
		*ret_is_disk = root != -ENOTDIR;
		if (*ret_is_disk)
			return take_fd(&root);
		return code == -ENOTDIR ? disk_refuse_other(t->name, e) : image_name_refuse(t->name, code, e);
	}
	if (root < 0)
		return image_name_refuse(t->name, -errno, e);
	if (image_name_is_dir(root))
		return image_name_refuse_dir(t->name, e);
	if (!t->options->force && !stat("/", &own) && !fstat(root, &there) && own.st_dev == there.st_dev &&
		own.st_ino == there.st_ino) {
		err_set(e, -EINVAL, "%s: this is the root of this machine", t->name);
		return err_hint(e, "use --force to change it anyway");
	}
	return take_fd(&root);
}

struct removal {
	const struct inject_target *target;
	int root;
	struct err *e;
};

static int remove_one(const char *at, void *context)
{
	const struct removal *r = context;
	enum inject_result result;
	int code = eject_file(r->root, at, r->target->options->dry_run, &result, r->e);

	if (!code && result == INJECT_REMOVED)
		inject_tell(r->target->report, &(struct inject_outcome){ .result = result, .place = mem_text(at) });
	return code;
}

static int remove_all(const struct inject_target *t, int root, struct err *e)
{
	struct removal removal = { t, root, e };
	enum inject_result tools = INJECT_ABSENT;
	int r = t->options->at ? remove_one(t->options->at, &removal)
			       : accelerate_remove(root, t->options->dry_run, &tools, e);

	if (!r && tools == INJECT_REMOVED)
		inject_tell(
			t->report, &(struct inject_outcome){ .result = tools, .place = mem_text(ENTRY_PLACE_ROOT) });
	if (!r && !t->options->at)
		r = inject_each(root, remove_one, &removal);
	if (r == -EINTR && !e->code)
		stop_check(e);
	else if (r && !e->code)
		err_sys(e, r == -EACCES ? r : -EIO, "cannot read all of it");
	if (!r && !t->report->n)
		t->report->nothing = mem_text("nothing was injected");
	return r;
}

/* The requested platform, which must not contradict the root's programs, else theirs. */
static int find_platform(const struct inject_target *t, int root, struct platform *ret, struct err *e)
{
	bool is_asked = t->options->has_platform;
	struct content content;
	unsigned long skipped;
	int r = survey_root(root, false, &content, &skipped, e);

	if (!r && !is_asked && !content.has_platform) {
		err_set(e, -EBADMSG, "cannot determine its platform: no program found");
		r = err_hint(e, "specify it: --platform PLATFORM");
	} else if (!r && is_asked && !t->options->force && content.has_platform &&
		   content.platform.arch != t->options->platform.arch) {
		err_set(e, -EBADMSG, "wrong platform: its programs are for %s, not for %s",
			arch_word(content.platform.arch), arch_word(t->options->platform.arch));
		r = err_hint(e, "leave out --platform, or use --force to inject it anyway");
	} else if (!r) {
		*ret = is_asked ? t->options->platform : content.platform;
	}
	content_done(&content);
	return r;
}

/* Decides everything before anything is changed. */
static int put(const struct inject_target *t, int root, struct err *e)
{
	const struct inject_options *options = t->options;
	struct inject_outcome outcome = { .result = INJECT_UNCHANGED };
	struct inject_request request = { NULL, NULL, options->dry_run, options->has_epoch, options->epoch };
	const struct toolchain *toolchain = NULL;
	struct platform platform = { 0 };
	int r = find_platform(t, root, &platform, e);

	if (r)
		return r;
	outcome.arch = platform.arch;
	outcome.is_native = inject_is_native(options, platform.arch);
	if (outcome.is_native) {
		inject_tell(t->report, &outcome);
		return 0;
	}
	r = inject_find_source(t->inject, platform.arch, &request.source, e);
	if (!r && options->accelerate)
		r = toolchains_find(&t->inject->toolchains, &platform, &toolchain, e);
	if (!r && toolchain) {
		outcome.has_tools = true;
		outcome.twins = mem_new(1, sizeof(*outcome.twins));
		r = accelerate_find(root, toolchain, outcome.twins, e);
		r = r ? r : twins_check(outcome.twins, e);
		r = r ? r : accelerate_put(root, outcome.twins, true, &outcome.tools, e);
	}
	if (!r) {
		request.at = outcome.place = inject_find_place(options, platform.arch);
		r = inject_file(root, &request, &outcome.result, e);
	}
	if (!r && toolchain)
		r = accelerate_put(root, outcome.twins, options->dry_run, &outcome.tools, e);
	if (!r) {
		inject_tell(t->report, &outcome);
		return 0;
	}
	free(outcome.place);
	free(outcome.twins);
	return r;
}

static bool has_changes(const struct inject_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct inject_outcome *o = &report->outcomes[i];

		if (!o->is_native && (o->result != INJECT_UNCHANGED || (o->has_tools && o->tools != INJECT_UNCHANGED)))
			return true;
	}
	return false;
}

static int work_on(struct inject_target *t, int root, struct err *e)
{
	int r = t->options->removes ? remove_all(t, root, e) : put(t, root, e);

	return r ? err_prefix(e, "%s", t->name) : 0;
}

int inject_root(struct inject_target *t, struct err *e)
{
	bool is_disk = false;
	auto_fd root = open_root(t, &is_disk, e);
	struct inject_options look = *t->options;
	struct inject_target first = *t;
	struct statvfs fs;
	int r;

	if (root < 0)
		return root;
	if (!is_disk)
		return work_on(t, root, e);
	/* Mounting for writing modifies the image: a dry run finds whether there is something to change. */
	look.dry_run = true;
	first.options = &look;
	r = work_on(&first, root, e);
	if (r || t->options->dry_run || !has_changes(t->report))
		return r;
	cleanup_fd(&root);
	inject_report_done(t->report);
	root = disk_open_dir(t->name, DISK_WRITE, &t->report->partition, e);
	if (root < 0)
		return root;
	if (!fstatvfs(root, &fs) && fs.f_flag & ST_RDONLY)
		return err_set(e, -EROFS, "%s: its file system can only be read", t->name);
	r = work_on(t, root, e);
	return !r && syncfs(root) < 0 ? err_sys(e, -EIO, "%s", t->name) : r;
}
