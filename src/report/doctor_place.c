// SPDX-License-Identifier: MIT
/* Finds why a root file system or an image does not run, and selects the checks for a target. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/facts.h"
#include "report/doctor.h"
#include "report/doctor_start.h"
#include "report/expect.h"
#include "report/inspect.h"
#include "report/target.h"
#include "rootfs/beneath.h"
#include "rootfs/place.h"
#include "rootfs/record.h"
#include "rootfs/survey.h"

static void tell_mixed(const char *target, struct doctor *d)
{
	auto_buf hint = doctor_command("anyarch inspect --survey ", target);

	doctor_add(d, WARNING("mixed"), buf_text(&hint), "%s has programs of several architectures in it", target);
}

/* Without links: a link in the root could lead to a file of this machine. */
static void tell_emulator(int root, const char *emulator, const char *target, struct doctor *d)
{
	int dir = (int)(str_basename(emulator) - emulator);
	auto_fd fd = beneath_open(root, emulator, O_PATH), record = -1;
	auto_buf remove = { 0 };
	char name[256], real[4096];

	if (!record_name(emulator + dir, PLACE_RECORD, name)) {
		auto_free char *path = mem_print("%.*s%s", dir, emulator, name);

		record = beneath_open(root, path, O_PATH);
	}
	if (record >= 0) /* eject restores the previous state */
		remove = doctor_command("sudo anyarch eject ", target);
	else if (fd >= 0 && *doctor_real_path(fd, "", real))
		remove = doctor_command("sudo rm ", real);
	doctor_add(d, NOTE("emulator-inside"), buf_text(&remove),
		"%s: an emulator is inside, which fixed handlers do not need: %s", target, emulator);
}

static int look_at_root(const struct status *s, int root, const char *target, struct doctor *d, struct err *e)
{
	struct content content;
	unsigned long skipped;
	struct statvfs fs;
	int r = survey_root(root, false, &content, &skipped, e);
	const struct arch *arch = !r && content.has_platform ? content.platform.arch : NULL;

	if (r) {
		content_done(&content);
		return r;
	}
	if (!fstatvfs(root, &fs) && fs.f_flag & ST_NOEXEC)
		doctor_add(d, PROBLEM("noexec"), NULL,
			"%s is on a file system that is mounted noexec: 'Permission denied' (EACCES)", target);
	for (size_t i = 0; i < content.n_emulators && arch && arch != arch_host(); i++)
		tell_emulator(root, content.emulators[i].path, target, d);
	if (arch)
		doctor_platform(s, arch, target, doctor_is_provided(s, arch, &content), d);
	else
		doctor_add(d, PROBLEM("no-programs"), NULL, "%s: contains no program", target);
	/* The program that decided the root's platform, usually its shell. */
	if (content.decided_by && !doctor_has_problem(d)) {
		struct doctor shell = { .target = d->target };
		struct file_facts facts;

		if (!file_look(root, content.decided_by, &facts, NULL) &&
			facts.steps[facts.n - 1].elf.linkage != ELF_LIBRARY)
			doctor_file(s, root, content.decided_by, &shell, NULL);
		file_done(&facts);
		for (size_t i = 0; i < shell.n; i++)
			if (shell.findings[i].kind.level == FINDING_PROBLEM)
				doctor_add(d, shell.findings[i].kind, shell.findings[i].hint, "%s",
					shell.findings[i].what);
		doctor_done(&shell);
	}
	if (arch) {
		r = doctor_tools(s, root, arch, target, d);
		r = r ? err_sys(e, r, "%s", target) : 0;
	}
	if (!r && content.is_mixed)
		tell_mixed(target, d);
	content_done(&content);
	return r;
}

static void look_at_facts(const struct status *s, const struct image_facts *facts, const char *target, struct doctor *d)
{
	const struct content *content = &facts->content;
	const struct model_image *image = facts->image;
	auto_buf found = { 0 }, label = { 0 }, fix = { 0 };

	if (facts->err.code) {
		doctor_add(d, PROBLEM("unreadable"), NULL, "%s: %s", target, facts->err.message);
		return;
	}
	image_label(&label, image);
	if (content->has_platform && content->platform.arch == arch_host()) { /* probably built without --platform */
		buf_addf(&fix, "docker build --platform %s .", buf_text(&label));
	} else {
		fix = doctor_command("anyarch convert --fix-label ", target);
		buf_adds(&fix, " FIXED");
	}
	for (size_t i = 0; i < content->n_emulators; i++)
		doctor_add(d, NOTE("emulator-inside"), NULL, "%s: an emulator is inside: %s", target,
			content->emulators[i].path);
	if (!content->has_platform)
		return;
	name_platform(&found, content->platform.arch, content->platform.variant);
	if (!facts->agrees)
		doctor_add(d, PROBLEM("label-lies"), buf_text(&fix),
			"%s: its label says %s and its files are for %s: programs end with 'Exec "
			"format error'",
			target, buf_text(&label), buf_text(&found));
	if (content->is_mixed)
		tell_mixed(target, d);
	doctor_platform(s, content->platform.arch, target, doctor_is_provided(s, content->platform.arch, content), d);
}

/* Without --platform, engines select this machine's from an index: "no matching manifest for linux/amd64". */
static void look_at_choice(const struct image_report *report, const char *target, struct doctor *d)
{
	auto_buf own = { 0 }, others = { 0 }, hint = { 0 };
	const struct model_image *first = NULL;

	for (size_t i = 0; i < report->model.n; i++) {
		const struct model_image *image = &report->model.images[i];
		const struct image_facts *facts = &report->facts[i];

		if (image->kind != MODEL_IMAGE || image_first(report, i) != i)
			continue;
		if (!image->index_platform || (facts->has_called && facts->called.arch == arch_host()))
			return;
		first = first ? first : image;
		buf_addf(&others, "%s%s", others.len ? ", " : "", image->index_platform);
	}
	if (!first)
		return;
	name_platform(&own, arch_host(), "");
	buf_addf(&hint, first->reference ? "docker pull --platform %s " : "docker build --platform %s .",
		first->index_platform);
	if (first->reference)
		str_quote(&hint, first->reference);
	doctor_add(d, NOTE("no-matching-platform"), buf_text(&hint),
		"%s has nothing for %s, only %s: without --platform, engines say 'no matching manifest'", target,
		buf_text(&own), buf_text(&others));
}

/* Checks that need the layers: entry points, and the manifest of native tools. */
static int look_inside(struct image_facts *facts, const struct view *view, void *context)
{
	const struct doctor_images *images = context;
	auto_json *document = NULL;

	if (!image_is_named(facts->image, images->reference) ||
		expect_is_repeated(images->report, images->reference, (size_t)(facts - images->report->facts)))
		return 0;
	document = inspect_tools(images->report, facts, view);
	if (document && facts->content.has_platform)
		doctor_image_tools(
			images->status, document, facts->content.platform.arch, images->target, images->doctor);
	return doctor_start(facts, view, context);
}

static int look_at_image(
	const struct status *s, struct target *image, const char *target, struct doctor *d, struct err *e)
{
	const struct image_name *name = &image->name;
	struct image_report report = { 0 };
	struct doctor_images images = {
		.report = &report, .status = s, .reference = name->reference, .target = target, .doctor = d
	};
	bool has_any = false;
	const struct image_visit visit = { look_inside, &images };
	int r = image_look(take_fd(&image->fd), &visit, &report, e);

	for (size_t i = 0; !r && i < report.model.n; i++) {
		const struct image_facts *facts = &report.facts[i];

		if (!image_is_named(facts->image, name->reference))
			continue;
		has_any = true;
		if (facts->image->kind == MODEL_IMAGE && !expect_is_repeated(&report, name->reference, i))
			look_at_facts(s, facts, target, d);
	}
	if (!r && !has_any && name->reference)
		r = err_set(e, -ENOENT, "contains no image of that name");
	if (!r && !name->reference)
		look_at_choice(&report, target, d);
	image_done(&report);
	return r ? err_prefix(e, "%s", target) : 0;
}

int doctor_target(const struct status *status, const char *root, const char *text, struct doctor *ret, struct err *e)
{
	struct target target;
	auto_err why = { 0 };
	int r;

	if (root) {
		auto_fd dir = target_open_root(root, e);

		return dir < 0 ? dir : doctor_file(status, dir, text, ret, e);
	}
	ret->first = ret->n;
	r = target_open(text, &target, &why);
	if (!r && target.kind == TARGET_ROOT)
		r = look_at_root(status, target.fd, text, ret, e);
	else if (!r && target.kind == TARGET_IMAGE)
		r = look_at_image(status, &target, text, ret, e);
	else if (!r || r == -EACCES || (r == -EBADMSG && !why.hint && !target.is_disk)) /* a pipe is a finding */
		r = doctor_file(status, -1, text, ret, e);
	else
		err_move(e, &why);
	target_done(&target);
	return r;
}
