// SPDX-License-Identifier: MIT
/* Builds a project: an image for each platform, checked, and one name for all of them. */
#include "project/build.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/crew.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/str.h"
#include "image/facts.h"
#include "image/tmpfile.h"
#include "project/accelerate.h"
#include "project/fetch.h"
#include "project/publish.h"
#include "project/scratch.h"
#include "project/supply.h"
#include "report/status.h"

const char *const build_words[] = { "not built", "built", "failed", "wrong platform", "does not run" };

static int check_platforms(const struct flow *f, struct err *e)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	bool has_daemon = f->engine->kind->has_daemon;
	struct name_set names = { 0 };
	auto_buf missing = { 0 }, plain = { 0 };
	int r;

	/* An image that a builder returns runs on this machine's handlers for SMOKE only. */
	for (size_t i = 0; i < f->build->n; i++) {
		const struct engine *engine = f->build->items[i].engine;

		if (engine->where ? engine->is_loaded && *flow_value(f, CONFIG_SMOKE)
				  : !f->request->is_remote || !engine->kind->has_daemon)
			name_set_add_arch(&names, f->build->items[i].platform.arch);
	}
	if (!names.n)
		return 0;
	r = status_collect(NULL, true, &names, status, e);
	for (size_t i = 0; !r && i < names.n; i++)
		if (!status_works(status, names.arch[i]) && !status_is_unproven(status, names.arch[i]))
			buf_addf(&missing, " %s", names.arch[i]->oci);
		else if (f->request->accelerate && !status_accelerates(status, names.arch[i]))
			buf_addf(&plain, " %s", names.arch[i]->oci);
	status_done(status);
	if (r || (!missing.len && !plain.len))
		return r;
	if (missing.len) {
		err_set(e, -EBADMSG, "programs do not run here for:%s", buf_text(&missing));
		return err_hint(e,
			"sudo anyarch register%s; %sor --no-verify, where base images have their emulator inside",
			buf_text(&missing), has_daemon ? "" : "without root: anyarch run -- anyarch build; ");
	}
	err_set(e, -EBADMSG, "the emulators do not start native compilers here, for:%s", buf_text(&plain));
	return err_hint(e, "%sanyarch register --accelerate%s",
		has_daemon ? "sudo " : "anyarch run --accelerate -- anyarch build --accelerate; or sudo ",
		buf_text(&plain));
}

/* Refuses what can be refused before anything is built. The file of --output is written beside it and renamed. */
static int prepare(struct flow *f, struct err *e)
{
	const char *out = f->request->dry_run ? NULL : f->request->out;
	auto_free char *copy = mem_text(out ? out : "");
	const struct render_request request = {
		.dir = f->request->dir, .selected = f->request->selected, .native = arch_host()
	};
	struct stat st;
	int r = render_plan(&request, &f->render, e);

	stop_catch(); /* nothing to undo before this point */
	r = r ? r : flow_name_all(f, e);
	r = r ? r : flow_find_engines(f, e);
	r = r ? r : accelerate_check(f, e);
	if (!r && !f->request->no_check && !f->request->dry_run)
		r = check_platforms(f, e);
	if (r || !out)
		return r;
	if (!strcmp(out, "-"))
		return err_set(e, -EINVAL, "--output needs a file, not '-'");
	if (!stat(out, &st) && !S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "--output: %s is not a regular file", out);
	return access(dirname(copy), W_OK | X_OK) < 0 ? err_sys(e, -errno, "--output: %s", out) : 0;
}

/* Checks the built image's platform: engines silently fall back to a base image for the build machine. */
static int check_image(struct build_item *item, const char *archive)
{
	const struct platform *wanted = &item->platform;
	const struct image_facts *facts = NULL;
	const char *variant;
	struct image_report report;
	struct platform says;
	size_t n = 0;
	int fd = fd_open_regular(AT_FDCWD, archive, O_NOFOLLOW), r;

	if (fd < 0)
		return err_sys(&item->err, fd, "the saved image");
	r = image_look(fd, NULL, &report, &item->err);
	for (size_t i = 0; !r && i < report.model.n; i++) /* BuildKit's attestations describe the image */
		if (report.facts[i].image->kind == MODEL_IMAGE && !n++)
			facts = &report.facts[i];
	if (!r && n != 1)
		r = err_set(&item->err, -EBADMSG, "expected one image, found %zu", n);
	if (r || !facts) {
		image_done(&report);
		return err_prefix(&item->err, "the saved image");
	}
	/* A label without variant is taken for the wanted platform. */
	variant = facts->image->variant;
	says = variant && *variant ? facts->label : *wanted;
	if (facts->err.code) {
		r = err_set(&item->err, facts->err.code, "%s", facts->err.message);
	} else if ((facts->content.has_platform && !image_fits(wanted, &facts->content.platform)) || !facts->agrees ||
		   !facts->has_label || facts->label.arch != wanted->arch || !image_fits(wanted, &says)) {
		err_set(&item->err, -EBADMSG, "wrong platform: programs are for %s, label says %s%s%s, expected %s",
			facts->content.has_platform ? name_text(&facts->content.platform).text : "none",
			facts->image->architecture ? facts->image->architecture : "none", variant ? "/" : "",
			variant ? variant : "", name_text(wanted).text);
		r = err_hint(&item->err,
			"name a base image for that platform (FROM __BASEIMAGE_ARCH__/...), or correct a wrong label "
			"with 'anyarch convert --fix-label'");
	}
	item->result = r ? BUILD_WRONG : item->result;
	item->found = r ? *wanted : says;
	image_done(&report);
	return r;
}

/* Runs SMOKE in the image. Cleans up even if that failed. */
static int try_image(const struct flow *f, struct build_item *item, const struct engine_words *image)
{
	const struct flow_call call = { .item = item };
	int r = flow_engine(f, &call, ENGINE_TRY_BEGIN, image, &item->err);

	r = r ? r : flow_engine(f, &call, ENGINE_TRY, image, &item->err);
	if (r || item->engine->kind->commands[ENGINE_TRY_BEGIN]) /* else "run --rm" has removed the container */
		flow_engine(f, &call, ENGINE_TRY_END, image, NULL);
	if (r == -EIO && !item->engine->kind->is_rootless_run)
		err_hint(&item->err, "see its output above; where %s cannot run containers, --engine buildah can",
			item->engine->kind->name);
	return r;
}

static int build_one(const struct flow *f, size_t i)
{
	struct build_item *item = &f->build->items[i];
	const struct flow_call call = { .item = item };
	auto_free char *dockerfile = flow_scratch(f, i, ".Dockerfile"), *archive = flow_scratch(f, i, ".tar");
	auto_free char *container = mem_print("%s-%s", str_basename(f->scratch), strchr(item->text, '/') + 1);
	struct engine_words image = flow_words(f, item);
	struct accelerated with = { 0 };
	auto_buf text = { 0 };
	int r = 0;

	item->result = BUILD_FAILED;
	for (char *slash = container; (slash = strchr(slash, '/'));)
		*slash = '-';
	image.dockerfile = dockerfile;
	image.archive = archive;
	image.container = container;
	/* Another platform's build may have replaced a base image of the same name. */
	if (f->has_shared && !f->request->dry_run)
		r = fetch_bases(f, i, &item->err);
	r = r ? r : accelerate_begin(f, i, &with, &text);
	r = r ? r : flow_write(f, dockerfile, &text, &item->err);
	r = r ? r : flow_engine(f, &call, ENGINE_BUILD, &image, &item->err);
	r = r ? r : flow_engine(f, &call, ENGINE_SAVE, &image, &item->err);
	r = r ? r : accelerate_eject(f, i, &image, &with);
	accelerate_done(f, i, &with);
	if (!r && !f->request->dry_run)
		r = check_image(item, archive);
	if (!r && *flow_value(f, CONFIG_SMOKE)) {
		r = try_image(f, item, &image);
		item->result = r ? BUILD_SMOKED : BUILD_FAILED;
	}
	if (!r || r == -EINTR)
		item->result = r || f->request->dry_run ? BUILD_PENDING : BUILD_DONE;
	return r;
}

/* The work of one engine. */
struct engine_work {
	const struct flow *flow;
	const struct engine *engine;
	unsigned jobs;
	atomic_size_t *failed;
};

/* A failure does not stop other platforms; a signal does. */
static void build_next(size_t i, unsigned worker, void *context)
{
	const struct engine_work *work = context;
	struct build_item *item = &work->flow->build->items[i];
	struct timespec begin, end;

	(void)worker;
	if (item->engine != work->engine || stop_signal())
		return;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (build_one(work->flow, i))
		atomic_fetch_add(work->failed, 1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	item->seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}

static void build_on(size_t i, unsigned worker, void *context)
{
	struct engine_work *work = (struct engine_work *)context + i;

	(void)worker;
	crew_run(&(struct crew){ work->jobs, work->flow->build->n, build_next, NULL, work });
}

/* If the engine keeps one image per name, parallel builds on one base name would replace each other's base. */
static unsigned count_jobs(struct flow *f, const struct engine *engine)
{
	const char *shared;
	unsigned jobs = 0;

	for (size_t i = 0; i < f->build->n; i++)
		jobs += f->build->items[i].engine == engine;
	jobs = MIN_OF(f->request->jobs ? f->request->jobs : 1, jobs);
	shared = jobs ? fetch_shared(f, engine) : NULL;
	f->has_shared |= shared != NULL;
	if (jobs > 1 && shared) {
		flow_note(f, "building one platform at a time: %s is a base image for several, and %s keeps it for one",
			shared, engine->kind->name);
		jobs = 1;
	}
	return jobs;
}

/* Engines work in parallel, each with its own jobs. */
static int build_each(struct flow *f, struct err *e)
{
	auto_free struct engine_work *works = mem_new(f->n_engines, sizeof(*works));
	atomic_size_t failed = 0;
	unsigned jobs = 0;

	for (size_t k = 0; k < f->n_engines; k++) {
		works[k] = (struct engine_work){ f, &f->engines[k], count_jobs(f, &f->engines[k]), &failed };
		jobs += works[k].jobs;
	}
	f->has_lines = jobs > 1;
	if (f->has_lines)
		progress_watch(NULL); /* the progress line shows a single stage only */
	crew_run(&(struct crew){ (unsigned)f->n_engines, f->n_engines, build_on, NULL, works });
	if (stop_check(e))
		return -EINTR;
	if (!failed)
		return 0;
	err_set(e, -EBADMSG, "%zu of %zu platforms failed", (size_t)failed, f->build->n);
	return failed == f->build->n ? e->code
				     : err_hint(e, "the others are built; %s is made when all are", f->build->name);
}

int build_run(const struct build_request *request, struct build *ret, struct err *e)
{
	struct flow f = { .request = request, .build = ret };
	auto_supplied supplied = { 0 };
	int r;

	/* Prefix "./": engines would take the directory github.com/me/it for a URL. */
	f.context = mem_print("%s%s", strchr("./", *request->path) ? "" : "./", request->path);
	r = prepare(&f, e);
	if (!r) {
		f.scratch = scratch_make(image_tmpdir(), request->dry_run, e);
		r = f.scratch ? 0 : e ? e->code : -EIO;
	}
	if (!r && request->push)
		r = publish_check(&f, e);
	if (!r)
		fetch_read(&f);
	for (size_t i = 0; !r && i < ret->n; i++)
		r = fetch_bases(&f, i, e);
	r = r ? r : supply_begin(&f, &supplied, e);
	r = r ? r : build_each(&f, e);
	if (!r && (request->out || request->push))
		r = publish(&f, e);
	if (!request->dry_run)
		scratch_remove(f.scratch);
	free(f.scratch);
	free(f.context);
	for (size_t i = 0; i < f.n_names; i++)
		free(f.names[i]);
	fetch_done(&f);
	while (f.n_engines)
		engine_done(&f.engines[--f.n_engines]);
	free(f.engines);
	render_done(&f.render);
	return r;
}

void build_done(struct build *build)
{
	for (size_t i = 0; i < build->n; i++) {
		free(build->items[i].text);
		free(build->items[i].name);
		free(build->items[i].builder);
		err_done(&build->items[i].err);
	}
	free(build->name);
	*build = (struct build){ 0 };
}
