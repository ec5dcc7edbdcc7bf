// SPDX-License-Identifier: MIT
/* A project built: an image for each platform, each checked, and one name for all of them. */
#include "project/build.h"

#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "image/facts.h"
#include "project/accelerate.h"
#include "project/fetch.h"
#include "project/publish.h"
#include "project/scratch.h"
#include "report/status.h"

const char *const build_words[] = { "not built", "built", "failed", "wrong platform", "does not run" };

/* ---- before ---- */

static int check_platforms(const struct flow *f, struct err *e)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	struct name_set names = { 0 };
	auto_buf missing = { 0 }, plain = { 0 };
	int r;

	for (size_t i = 0; i < f->build->n; i++)
		name_set_add_arch(&names, f->build->items[i].platform.arch);
	r = status ? status_collect(NULL, true, &names, status, e) : err_sys(e, -ENOMEM, "cannot look at the machine");
	for (size_t i = 0; !r && i < names.n; i++)
		if (!status_works(status, names.arch[i]) && !status_is_unproven(status, names.arch[i]))
			buf_addf(&missing, " %s", names.arch[i]->oci);
		else if (f->request->accelerate && !status_accelerates(status, names.arch[i]))
			buf_addf(&plain, " %s", names.arch[i]->oci);
	if (status)
		status_done(status);
	if (!r && !missing.len && plain.len) {
		err_set(e, -EBADMSG, "the emulators do not start native compilers here, for:%s", buf_text(&plain));
		return err_hint(e, "%sanyarch register --accelerate%s",
			engine_is_docker(&f->engine)
				? "sudo "
				: "anyarch run --accelerate -- anyarch build --accelerate; or sudo ",
			buf_text(&plain));
	}
	if (r || !missing.len)
		return r;
	err_set(e, -EBADMSG, "programs do not run here for:%s", buf_text(&missing));
	return err_hint(e, "sudo anyarch register%s; %sor --no-verify, where base images have their emulator inside",
		buf_text(&missing), engine_is_docker(&f->engine) ? "" : "without root: anyarch run -- anyarch build; ");
}

static int run_command(void *context, struct child *command, struct err *e)
{
	return flow_run(context, command, e);
}

static int find_engine(struct flow *f, struct err *e)
{
	const char *name = f->request->engine ? f->request->engine : flow_value(f, CONFIG_ENGINE);

	if (f->request->dry_run) { /* nothing is asked: the first one, or the one that was named */
		if (!strcmp(name, "auto"))
			f->request->note("for docker: engines are not asked, and podman or buildah would be taken "
					 "where it does not answer",
				f->request->context);
		for (unsigned i = 0; engine_words[i]; i++)
			if (!strcmp(engine_words[i], name))
				f->engine.kind = (enum engine_kind)i;
		f->engine.program = engine_is_docker(&f->engine) ? engine_docker(flow_value(f, CONFIG_DOCKER_CLI_PATH))
								 : mem_text(engine_words[f->engine.kind]);
		return f->engine.program ? 0 : err_sys(e, -ENOMEM, "cannot look for an engine");
	}
	return engine_find(
		name, flow_value(f, CONFIG_DOCKER_CLI_PATH), &(struct engine_runner){ run_command, f }, &f->engine, e);
}

/* Found now and not when everything is built. It is written beside, and then takes the name. */
static int check_out(const struct build_request *request, struct err *e)
{
	auto_free char *copy = request->out ? mem_text(request->out) : NULL;
	struct stat st;

	if (!request->out || request->dry_run)
		return 0;
	if (!copy)
		return err_sys(e, -ENOMEM, "%s", request->out);
	if (!strcmp(request->out, "-"))
		return err_set(e, -EINVAL, "--output wants a file, not '-'");
	if (!stat(request->out, &st) && !S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "--output: %s is no file", request->out);
	return access(dirname(copy), W_OK | X_OK) < 0 ? err_sys(e, -errno, "--output: %s", request->out) : 0;
}

static int prepare(struct flow *f, struct err *e)
{
	const struct render_request request = {
		.dir = f->request->dir, .selected = f->request->selected, .native = arch_host()
	};
	int r = render_plan(&request, &f->render, e);

	if (!r)
		r = flow_name_all(f, e);
	if (!r)
		r = find_engine(f, e);
	if (!r)
		r = accelerate_check(f, e);
	if (!r && !f->request->no_check && !f->request->dry_run &&
		!(f->request->is_remote && engine_is_docker(&f->engine)))
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

/* ---- one platform ---- */

/* What a label says; one that says no variant says nothing about it. */
static struct platform called(const struct platform *wanted, const struct image_facts *facts)
{
	const char *variant = facts->image->variant;

	return variant && *variant ? facts->label : *wanted;
}

/* What was built may be for the machine that builds: engines take a base image for that without a word. */
static int judge(const struct platform *wanted, const struct image_report *report, struct err *e)
{
	const struct image_facts *facts = report->model.n ? &report->facts[0] : NULL;
	struct platform says = facts && facts->has_label ? called(wanted, facts) : *wanted;
	auto_buf is = { 0 }, should = { 0 };

	if (!facts || report->model.n != 1 || facts->image->kind != MODEL_IMAGE)
		return err_set(e, -EBADMSG, "what the engine saved is not one image");
	if (facts->err.code)
		return err_set(e, facts->err.code, "%s", facts->err.message);
	if ((!facts->content.has_platform || image_fits(wanted, &facts->content.platform)) && facts->agrees &&
		facts->has_label && facts->label.arch == wanted->arch && image_fits(wanted, &says))
		return 0;
	if (facts->content.has_platform)
		name_platform(&is, facts->content.platform.arch, facts->content.platform.variant);
	name_platform(&should, wanted->arch, wanted->variant);
	err_set(e, -EBADMSG, "the image is for %s by its programs, says %s%s%s, and should be for %s",
		is.len ? buf_text(&is) : "nothing", facts->image->architecture ? facts->image->architecture : "nothing",
		facts->image->variant ? "/" : "", facts->image->variant ? facts->image->variant : "",
		buf_text(&should));
	return err_hint(e,
		"the base image is not for that platform: name one that is (FROM __BASEIMAGE_ARCH__/...), or "
		"'anyarch convert --fix-label' makes a label true");
}

static int check_image(struct build_item *item, const char *archive, const char *tmpdir)
{
	struct image_report report;
	int fd = fd_open_regular(AT_FDCWD, archive, O_NOFOLLOW), r;

	if (fd < 0)
		return err_sys(&item->err, fd, "what the engine saved");
	r = image_look(fd, tmpdir, &report, &item->err);
	if (r) {
		err_prefix(&item->err, "what the engine saved");
	} else {
		r = judge(&item->platform, &report, &item->err);
		item->result = r ? BUILD_WRONG : item->result;
		item->found = r ? item->platform : called(&item->platform, &report.facts[0]);
	}
	image_done(&report);
	return r;
}

/* What comes after the trial is done also where that failed. */
static int try_image(const struct flow *f, struct build_item *item, const struct engine_image *image)
{
	struct engine_trial trial;
	int r = 0;

	engine_try(&f->engine, image, flow_value(f, CONFIG_SMOKE), &trial);
	if (trial.before.n)
		r = flow_run_for(f, item, &trial.before, &item->err);
	if (!r)
		r = flow_run_for(f, item, &trial.trial, &item->err);
	if (trial.after.n && (r || trial.before.n)) /* else the engine has removed it */
		flow_run_for(f, item, &trial.after, NULL);
	if (r == -EIO && f->engine.kind != ENGINE_BUILDAH)
		err_hint(&item->err, "what it printed is above; where %s cannot run containers, --engine buildah can",
			engine_words[f->engine.kind]);
	return r;
}

static int build_image(const struct flow *f, size_t i, struct engine_image *image)
{
	struct build_item *item = &f->build->items[i];
	struct accelerated bases = { 0 };
	auto_buf text = { 0 };
	struct child command;
	int r = 0;

	/* Meanwhile another platform may have got a base image of the same name. */
	if (f->has_shared && !f->request->dry_run)
		r = fetch_bases(f, i, &item->err);
	if (!r)
		r = accelerate_begin(f, i, &bases, &text);
	if (!r)
		r = write_dockerfile(f, &text, image->dockerfile, &item->err);
	engine_build(&f->engine, image, &command);
	if (!r)
		r = flow_run_for(f, item, &command, &item->err);
	engine_save(&f->engine, image, &command);
	if (!r)
		r = flow_run_for(f, item, &command, &item->err);
	if (!r)
		r = accelerate_eject(f, i, image, &bases);
	accelerate_done(f, i, &bases);
	return r;
}

static int build_one(const struct flow *f, size_t i)
{
	struct build_item *item = &f->build->items[i];
	auto_free char *dockerfile = flow_scratch(f, i, ".Dockerfile"), *archive = flow_scratch(f, i, ".tar");
	auto_buf target = { 0 }, container = { 0 };
	struct engine_image image = { item->text, dockerfile, f->context, item->name, archive, NULL, NULL,
		f->request->options, f->request->n_options, f->request->insecure };
	char *slash;
	int r;

	item->result = BUILD_FAILED;
	buf_addf(&target, "oci-archive:%s:%s", archive ? archive : "", item->name);
	buf_addf(&container, "%s-%s", str_basename(f->scratch), strchr(item->text, '/') + 1);
	while (container.data && (slash = strchr(container.data, '/')))
		*slash = '-';
	if (!dockerfile || !archive || !buf_ok(&target) || !buf_ok(&container))
		return err_sys(&item->err, -ENOMEM, "%s", item->name);
	image.target = buf_text(&target);
	image.container = buf_text(&container);
	r = build_image(f, i, &image);
	if (!r && !f->request->dry_run)
		r = check_image(item, archive, f->request->tmpdir);
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

/* ---- all platforms ---- */

struct crew {
	const struct flow *flow;
	atomic_size_t next, failed;
};

/* One that fails hinders no other; a signal ends it. */
static void *work(void *context)
{
	struct crew *crew = context;
	const struct flow *f = crew->flow;
	size_t i;

	while (!stop_signal() && (i = atomic_fetch_add(&crew->next, 1)) < f->build->n) {
		double begin = now();

		if (build_one(f, i))
			atomic_fetch_add(&crew->failed, 1);
		f->build->items[i].seconds = now() - begin;
	}
	return NULL;
}

static int build_each(const struct flow *f, unsigned jobs, struct err *e)
{
	struct crew crew = { .flow = f };
	pthread_t threads[PLATFORMS_MAX];
	unsigned n = 0;

	while (n + 1 < jobs && !pthread_create(&threads[n], NULL, work, &crew))
		n++;
	work(&crew);
	while (n)
		pthread_join(threads[--n], NULL);
	if (stop_check(e))
		return -EINTR;
	if (!crew.failed)
		return 0;
	err_set(e, -EBADMSG, "%zu of %zu platforms failed", (size_t)crew.failed, f->build->n);
	return crew.failed == f->build->n
		       ? e->code
		       : err_hint(e, "the others are built; %s is not made before all are", f->build->name);
}

/* Where a name is one image for the engine, two platforms with one base would take it from each other. */
static unsigned count_jobs(struct flow *f)
{
	unsigned jobs = MIN_OF(f->request->jobs ? f->request->jobs : 1, (unsigned)f->build->n);
	auto_free char *shared = engine_has_one_platform(&f->engine) ? fetch_shared(f) : NULL;
	auto_buf text = { 0 };

	f->has_shared = shared != NULL;
	if (jobs > 1 && shared) {
		buf_addf(&text,
			"one platform after the other: %s is a base image for several, and docker keeps it for one",
			shared);
		f->request->note(buf_text(&text), f->request->context);
		jobs = 1;
	}
	f->has_lines = jobs > 1;
	return jobs;
}

static int fetch_all(const struct flow *f, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < f->build->n; i++)
		r = fetch_bases(f, i, e);
	return r;
}

int build_run(const struct build_request *request, struct build *ret, struct err *e)
{
	/* github.com/me/it is a directory here, and an address to an engine. */
	bool is_clear = strchr("./", *request->path);
	auto_free char *path = is_clear ? mem_text(request->path) : NULL;
	struct flow f = { .request = request, .build = ret };
	unsigned jobs = 1;
	int r;

	if (!is_clear && asprintf(&path, "./%s", request->path) < 0)
		path = NULL;
	f.context = path;
	r = path ? prepare(&f, e) : err_sys(e, -ENOMEM, "build");
	if (!r) {
		f.scratch = scratch_make(request->tmpdir, request->dry_run, e);
		r = f.scratch ? 0 : e ? e->code : -EIO;
	}
	if (!r)
		r = fetch_all(&f, e);
	if (!r) {
		jobs = count_jobs(&f);
		r = build_each(&f, jobs, e);
	}
	if (!r && (request->out || request->push))
		r = publish(&f, e);
	if (!request->dry_run)
		scratch_remove(f.scratch);
	free(f.scratch);
	for (size_t i = 0; i < f.n_names; i++)
		free(f.names[i]);
	engine_done(&f.engine);
	render_done(&f.render);
	return r;
}

void build_done(struct build *build)
{
	for (size_t i = 0; i < build->n; i++) {
		free(build->items[i].text);
		free(build->items[i].name);
		err_done(&build->items[i].err);
	}
	free(build->name);
	*build = (struct build){ 0 };
}
