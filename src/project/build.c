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

/* Whether it runs on this machine's handlers; an image that a builder returns does so for SMOKE only. */
static bool runs_here(const struct flow *f, const struct build_item *item)
{
	return item->engine->where ? item->engine->is_loaded && *flow_value(f, CONFIG_SMOKE)
				   : !f->request->is_remote || !item->engine->kind->has_daemon;
}

static int check_platforms(const struct flow *f, struct err *e)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	struct name_set names = { 0 };
	auto_buf missing = { 0 }, plain = { 0 };
	int r;

	for (size_t i = 0; i < f->build->n; i++)
		if (runs_here(f, &f->build->items[i]))
			name_set_add_arch(&names, f->build->items[i].platform.arch);
	if (!names.n)
		return 0;
	r = status_collect(NULL, true, &names, status, e);
	for (size_t i = 0; !r && i < names.n; i++)
		if (!status_works(status, names.arch[i]) && !status_is_unproven(status, names.arch[i]))
			buf_addf(&missing, " %s", names.arch[i]->oci);
		else if (f->request->accelerate && !status_accelerates(status, names.arch[i]))
			buf_addf(&plain, " %s", names.arch[i]->oci);
	status_done(status);
	if (!r && !missing.len && plain.len) {
		err_set(e, -EBADMSG, "the emulators do not start native compilers here, for:%s", buf_text(&plain));
		return err_hint(e, "%sanyarch register --accelerate%s",
			f->engine->kind->has_daemon
				? "sudo "
				: "anyarch run --accelerate -- anyarch build --accelerate; or sudo ",
			buf_text(&plain));
	}
	if (r || !missing.len)
		return r;
	err_set(e, -EBADMSG, "programs do not run here for:%s", buf_text(&missing));
	return err_hint(e, "sudo anyarch register%s; %sor --no-verify, where base images have their emulator inside",
		buf_text(&missing), f->engine->kind->has_daemon ? "" : "without root: anyarch run -- anyarch build; ");
}

/* Checks --output before anything is built. The file is written beside the target and renamed. */
static int check_out(const struct build_request *request, struct err *e)
{
	auto_free char *copy = mem_text(request->out ? request->out : "");
	struct stat st;

	if (!request->out || request->dry_run)
		return 0;
	if (!strcmp(request->out, "-"))
		return err_set(e, -EINVAL, "--output needs a file, not '-'");
	if (!stat(request->out, &st) && !S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "--output: %s is not a regular file", request->out);
	return access(dirname(copy), W_OK | X_OK) < 0 ? err_sys(e, -errno, "--output: %s", request->out) : 0;
}

static int prepare(struct flow *f, struct err *e)
{
	const struct render_request request = {
		.dir = f->request->dir, .selected = f->request->selected, .native = arch_host()
	};
	int r = render_plan(&request, &f->render, e);

	stop_catch(); /* nothing to undo before this point */
	r = r ? r : flow_name_all(f, e);
	r = r ? r : flow_find_engines(f, e);
	r = r ? r : accelerate_check(f, e);
	if (!r && !f->request->no_check && !f->request->dry_run)
		r = check_platforms(f, e);
	return r ? r : check_out(f->request, e);
}

static int write_dockerfile(const struct flow *f, const struct buf *text, const char *path, struct err *e)
{
	auto_fd fd = -1;
	int r;

	if (f->request->dry_run)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write(fd, buf_text(text), text->len);
	return r ? err_sys(e, r, "%s", path) : 0;
}

/* The platform that a label states; a label without variant is taken for the wanted platform. */
static struct platform called(const struct platform *wanted, const struct image_facts *facts)
{
	const char *variant = facts->image->variant;

	return variant && *variant ? facts->label : *wanted;
}

/* The built image; skips BuildKit's attestations, which describe it. */
static const struct image_facts *built_image(const struct image_report *report, struct err *e)
{
	const struct image_facts *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < report->model.n; i++)
		if (report->facts[i].image->kind == MODEL_IMAGE && !n++)
			found = &report->facts[i];
	if (n == 1)
		return found;
	err_set(e, -EBADMSG, "expected one image, found %zu", n);
	return NULL;
}

/* Checks the image's platform: engines silently fall back to a base image for the build machine. */
static int judge(const struct platform *wanted, const struct image_facts *facts, struct err *e)
{
	struct platform says = facts->has_label ? called(wanted, facts) : *wanted;

	if (facts->err.code)
		return err_set(e, facts->err.code, "%s", facts->err.message);
	if ((!facts->content.has_platform || image_fits(wanted, &facts->content.platform)) && facts->agrees &&
		facts->has_label && facts->label.arch == wanted->arch && image_fits(wanted, &says))
		return 0;
	err_set(e, -EBADMSG, "wrong platform: programs are for %s, label says %s%s%s, expected %s",
		facts->content.has_platform ? name_text(&facts->content.platform).text : "none",
		facts->image->architecture ? facts->image->architecture : "none", facts->image->variant ? "/" : "",
		facts->image->variant ? facts->image->variant : "", name_text(wanted).text);
	return err_hint(e,
		"name a base image for that platform (FROM __BASEIMAGE_ARCH__/...), or correct a wrong label "
		"with 'anyarch convert --fix-label'");
}

static int check_image(struct build_item *item, const char *archive)
{
	struct image_report report;
	const struct image_facts *facts;
	int fd = fd_open_regular(AT_FDCWD, archive, O_NOFOLLOW), r;

	if (fd < 0)
		return err_sys(&item->err, fd, "the saved image");
	r = image_look(fd, NULL, &report, &item->err);
	facts = r ? NULL : built_image(&report, &item->err);
	if (facts) {
		r = judge(&item->platform, facts, &item->err);
		item->result = r ? BUILD_WRONG : item->result;
		item->found = r ? item->platform : called(&item->platform, facts);
	} else {
		r = err_prefix(&item->err, "the saved image");
	}
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

static int build_image(const struct flow *f, size_t i, const struct engine_words *image)
{
	struct build_item *item = &f->build->items[i];
	const struct flow_call call = { .item = item };
	struct accelerated with = { 0 };
	auto_buf text = { 0 };
	int r = 0;

	/* Another platform's build may have replaced a base image of the same name. */
	if (f->has_shared && !f->request->dry_run)
		r = fetch_bases(f, i, &item->err);
	r = r ? r : accelerate_begin(f, i, &with, &text);
	r = r ? r : write_dockerfile(f, &text, image->dockerfile, &item->err);
	r = r ? r : flow_engine(f, &call, ENGINE_BUILD, image, &item->err);
	r = r ? r : flow_engine(f, &call, ENGINE_SAVE, image, &item->err);
	r = r ? r : accelerate_eject(f, i, image, &with);
	accelerate_done(f, i, &with);
	return r;
}

static int build_one(const struct flow *f, size_t i)
{
	struct build_item *item = &f->build->items[i];
	auto_free char *dockerfile = flow_scratch(f, i, ".Dockerfile"), *archive = flow_scratch(f, i, ".tar");
	auto_free char *container = mem_print("%s-%s", str_basename(f->scratch), strchr(item->text, '/') + 1);
	struct engine_words image = flow_words(f, item);
	int r;

	item->result = BUILD_FAILED;
	for (char *slash = container; (slash = strchr(slash, '/'));)
		*slash = '-';
	image.dockerfile = dockerfile;
	image.archive = archive;
	image.container = container;
	r = build_image(f, i, &image);
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

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
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
	double begin = now();

	(void)worker;
	if (item->engine != work->engine || stop_signal())
		return;
	if (build_one(work->flow, i))
		atomic_fetch_add(work->failed, 1);
	item->seconds = now() - begin;
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
