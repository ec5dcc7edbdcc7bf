// SPDX-License-Identifier: MIT
/* A project built: an image for each platform, each checked, and one name for all of them. */
#include "project/build.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "project/flow.h"
#include "report/status.h"

const char *const build_words[] = { "not built", "built", "failed", "wrong platform", "does not run" };

const char *flow_value(const struct flow *f, enum config_key key)
{
	return f->render.config.values[key];
}

int flow_run(const struct flow *f, const struct child *command, struct err *e)
{
	if (f->request->show)
		f->request->show(command, f->request->context);
	return f->request->dry_run ? 0 : child_run(command, e);
}

/* ---- names ---- */

char *flow_name(const struct flow *f, const char *tag)
{
	const char *repo = flow_value(f, CONFIG_REPO);
	char *name;

	return asprintf(&name, "%s%s%s:%s", repo, *repo ? "/" : "", flow_value(f, CONFIG_IMAGE_NAME), tag) < 0 ? NULL : name;
}

static int name_item(const struct flow *f, const struct render_item *from, struct build_item *item, struct err *e)
{
	auto_buf tag = { 0 }, text = { 0 };

	item->platform = from->target.platform;
	name_platform(&text, item->platform.arch, item->platform.variant);
	buf_adds(&tag, flow_value(f, CONFIG_TAG_PREFIX));
	platform_word(&item->platform, &tag);
	buf_addf(&tag, "-%s%s", flow_value(f, CONFIG_IMAGE_VERSION), flow_value(f, CONFIG_TAG_SUFFIX));
	if (tag.len > 128)
		return err_set(e, -EBADMSG, CONFIG_FILE ": the tag %s has more than 128 characters", buf_text(&tag));
	item->text = mem_text(buf_text(&text));
	item->name = flow_name(f, buf_text(&tag));
	return item->text && item->name ? 0 : err_sys(e, -ENOMEM, "cannot name the images");
}

static int name_all(struct flow *f, struct err *e)
{
	int r = config_require(&f->render.config, CONFIG_IMAGE_NAME, e);

	if (!r && f->request->push)
		r = config_require(&f->render.config, CONFIG_REPO, e);
	if (r)
		return err_prefix(e, CONFIG_FILE);
	f->build->name = flow_name(f, flow_value(f, CONFIG_IMAGE_VERSION));
	if (!f->build->name)
		return err_sys(e, -ENOMEM, "cannot name the images");
	for (size_t i = 0; !r && i < f->render.n; i++) {
		r = name_item(f, &f->render.items[i], &f->build->items[i], e);
		f->build->n++;
	}
	return r;
}

/* ---- before ---- */

static int check_platforms(const struct flow *f, struct err *e)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	struct name_set names = { 0 };
	auto_buf missing = { 0 };
	int r;

	for (size_t i = 0; i < f->build->n; i++)
		name_set_add_arch(&names, f->build->items[i].platform.arch);
	r = status ? status_collect(NULL, true, &names, status, e) : err_sys(e, -ENOMEM, "cannot look at the machine");
	for (size_t i = 0; !r && i < names.n; i++)
		if (!status_works(status, names.arch[i]))
			buf_addf(&missing, " %s", names.arch[i]->qemu);
	if (status)
		status_done(status);
	if (r || !missing.len)
		return r;
	err_set(e, -EBADMSG, "programs do not run here for:%s", buf_text(&missing));
	return err_hint(e, "sudo anyarch register%s; or --no-verify, where base images have their emulator inside",
		buf_text(&missing));
}

static int find_skopeo(struct err *e)
{
	struct child c = { .is_quiet = true };
	int r;

	child_add(&c, "skopeo", "--version", NULL);
	r = child_run(&c, e);
	return r == -ENOENT ? err_hint(e, "--push uses skopeo, and the credentials that you gave to your engine: install it") : r;
}

static int find_engine(struct flow *f, struct err *e)
{
	const char *name = f->request->engine ? f->request->engine : flow_value(f, CONFIG_ENGINE);

	if (f->request->dry_run) { /* nothing is asked: the first one, or the one that was named */
		for (unsigned i = 0; engine_words[i]; i++)
			if (!strcmp(engine_words[i], name))
				f->engine.kind = (enum engine_kind)i;
		f->engine.program = mem_text(f->engine.kind <= ENGINE_BUILDX ? "docker" : engine_words[f->engine.kind]);
		return f->engine.program ? 0 : err_sys(e, -ENOMEM, "cannot look for an engine");
	}
	return engine_find(name, flow_value(f, CONFIG_DOCKER_CLI_PATH), &f->engine, e);
}

static int prepare(struct flow *f, struct err *e)
{
	const struct render_request request = { .dir = f->request->dir, .selected = f->request->selected, .native = arch_host() };
	int r = render_plan(&request, &f->render, e);

	if (!r)
		r = name_all(f, e);
	if (!r)
		r = find_engine(f, e);
	if (!r && *flow_value(f, CONFIG_SMOKE) && !engine_can_run(&f->engine)) {
		err_set(e, -EINVAL, CONFIG_FILE ": SMOKE: buildah runs no images");
		r = err_hint(e, "--engine podman builds the same, and runs them");
	}
	if (!r && f->request->push && !f->request->dry_run)
		r = find_skopeo(e);
	if (!r && !f->request->no_check && !f->request->dry_run)
		r = check_platforms(f, e);
	return r;
}

/* ---- files that are only needed meanwhile ---- */

char *flow_scratch(const struct flow *f, size_t i, const char *end)
{
	auto_buf word = { 0 };
	char *path;

	platform_word(&f->build->items[i].platform, &word);
	return asprintf(&path, "%s/%s%s", f->scratch, buf_text(&word), end) < 0 ? NULL : path;
}

static int make_scratch(struct flow *f, struct err *e)
{
	if (asprintf(&f->scratch, "%s/anyarch-build-XXXXXX", f->request->tmpdir) < 0) {
		f->scratch = NULL;
		return err_sys(e, -ENOMEM, "cannot make a temporary directory");
	}
	if (f->request->dry_run || mkdtemp(f->scratch))
		return 0;
	err_sys(e, -errno, "cannot make a temporary directory in %s", f->request->tmpdir);
	free(take_ptr(&f->scratch));
	return e ? e->code : -EIO;
}

static void remove_scratch(struct flow *f)
{
	static const char *const ends[] = { ".Dockerfile", ".tar" };
	auto_free char *all = NULL;

	if (!f->scratch)
		return;
	for (size_t i = 0; i < f->build->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
			auto_free char *path = flow_scratch(f, i, ends[k]);

			if (path)
				unlink(path);
		}
	if (asprintf(&all, "%s/all", f->scratch) >= 0)
		unlink(all);
	rmdir(f->scratch);
	free(take_ptr(&f->scratch));
}

static int write_dockerfile(const struct flow *f, size_t i, const char *path, struct err *e)
{
	auto_fd fd = -1;
	int r;

	if (f->request->dry_run)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write(fd, buf_text(&f->render.items[i].text), f->render.items[i].text.len);
	return r ? err_sys(e, r, "%s", path) : 0;
}

/* ---- one platform ---- */

/* What was built may be for the machine that builds: engines take a base image for that without a word. */
static int judge(const struct platform *wanted, const struct image_report *report, struct err *e)
{
	const struct image_facts *facts = report->model.n ? &report->facts[0] : NULL;
	auto_buf is = { 0 }, should = { 0 };

	if (!facts || report->model.n != 1 || facts->image->kind != MODEL_IMAGE)
		return err_set(e, -EBADMSG, "what the engine saved is not one image");
	if (facts->err.code)
		return err_set(e, facts->err.code, "%s", facts->err.message);
	if ((!facts->content.has_platform || image_fits(wanted, &facts->content.platform)) && facts->agrees &&
		facts->has_label && facts->label.arch == wanted->arch)
		return 0;
	if (facts->content.has_platform)
		name_platform(&is, facts->content.platform.arch, facts->content.platform.variant);
	name_platform(&should, wanted->arch, wanted->variant);
	err_set(e, -EBADMSG, "the image is for %s by its programs, says %s, and should be for %s",
		is.len ? buf_text(&is) : "nothing", facts->image->architecture ? facts->image->architecture : "nothing",
		buf_text(&should));
	return err_hint(e, "the base image is not for that platform: name one that is (FROM __BASEIMAGE_ARCH__/...), or "
			   "'anyarch convert --fix-label' makes a label true");
}

static int check_image(const struct build_item *item, const char *archive, const char *tmpdir, struct err *e)
{
	struct image_report report;
	int fd = open(archive, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return err_sys(e, -errno, "%s", archive);
	r = image_look(fd, tmpdir, &report, e);
	if (!r)
		r = judge(&item->platform, &report, e);
	image_done(&report);
	return r;
}

static int build_one(const struct flow *f, size_t i)
{
	struct build_item *item = &f->build->items[i];
	auto_free char *dockerfile = flow_scratch(f, i, ".Dockerfile"), *archive = flow_scratch(f, i, ".tar"), *target = NULL;
	struct engine_image image = { item->text, dockerfile, f->request->path, item->name, archive, NULL,
		f->request->options, f->request->n_options, f->request->insecure };
	struct child command;
	int r = dockerfile && archive ? write_dockerfile(f, i, dockerfile, &item->err) : -ENOMEM;

	if (!r && asprintf(&target, "oci-archive:%s:%s", archive, item->name) < 0) {
		target = NULL;
		r = -ENOMEM;
	}
	image.target = target;
	item->result = BUILD_FAILED;
	if (r)
		return err_sys(&item->err, r, "%s", item->name);
	engine_build(&f->engine, &image, &command);
	r = flow_run(f, &command, &item->err);
	engine_save(&f->engine, &image, &command);
	if (!r)
		r = flow_run(f, &command, &item->err);
	if (!r && !f->request->dry_run) {
		r = check_image(item, archive, f->request->tmpdir, &item->err);
		item->result = r ? BUILD_WRONG : BUILD_FAILED;
	}
	if (!r && *flow_value(f, CONFIG_SMOKE)) {
		engine_run(&f->engine, &image, flow_value(f, CONFIG_SMOKE), &command);
		r = flow_run(f, &command, &item->err);
		item->result = r ? BUILD_SMOKED : BUILD_FAILED;
	}
	item->result = r ? item->result : f->request->dry_run ? BUILD_PENDING : BUILD_DONE;
	return r;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One that fails hinders no other; a signal ends it. */
static int build_each(const struct flow *f, struct err *e)
{
	size_t failed = 0;

	for (size_t i = 0; i < f->build->n; i++) {
		double begin = now();

		failed += build_one(f, i) != 0;
		f->build->items[i].seconds = now() - begin;
		if (stop_check(e))
			return -EINTR;
	}
	if (!failed)
		return 0;
	err_set(e, -EBADMSG, "%zu of %zu platforms failed", failed, f->build->n);
	return failed == f->build->n ? e->code :
		err_hint(e, "the others are built; %s is not made before all are", f->build->name);
}

int build_run(const struct build_request *request, struct build *ret, struct err *e)
{
	struct flow f = { .request = request, .build = ret };
	int r = prepare(&f, e);

	if (!r)
		r = make_scratch(&f, e);
	if (!r)
		r = build_each(&f, e);
	if (!r && (request->out || request->push))
		r = publish(&f, e);
	remove_scratch(&f);
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
