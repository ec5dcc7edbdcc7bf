// SPDX-License-Identifier: MIT
/* Container engines: THE table of the commands of each. */
#include "project/engine.h"

#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"

/*
 * Words of commands are separated by blanks. <name> is a value of struct engine_words; ?name:word is omitted if that
 * value is empty. NAME=value at the beginning sets the command's environment: clients before Docker 20.10 hide buildx
 * and manifest unless experimental features are enabled.
 */
#define EXPERIMENTAL "DOCKER_CLI_EXPERIMENTAL=enabled "
#define MANIFEST     EXPERIMENTAL "DOCKER_CONFIG=<scratch>/docker <program> manifest "

/* Commands of Docker's client, for the engine and for buildx. */
#define DOCKER_IMAGES                                                                                                  \
	[ENGINE_STORE] = "<program> info --format {{.DriverStatus}}",                                                  \
	[ENGINE_ASK] = "<program> image inspect --format {{.Os}}/{{.Architecture}}/{{.Variant}} <name>",               \
	[ENGINE_ASK_FOR] = "<program> image inspect --platform <platform> --format "                                   \
			   "{{.Os}}/{{.Architecture}}/{{.Variant}} <name>",                                            \
	[ENGINE_ID] = "<program> image inspect --format {{.Id}} <name>",                                               \
	[ENGINE_SAVE] = "<program> save --output <archive> <name>",                                                    \
	[ENGINE_LOAD] = "<program> load --quiet --input <archive>", [ENGINE_TAG] = "<program> tag <name> <target>",    \
	[ENGINE_REMOVE] = "<program> rmi <name>",                                                                      \
	[ENGINE_TRY] = "<program> run --rm --name <container> --entrypoint /bin/sh <name> -c <shell>",                 \
	[ENGINE_TRY_END] = "<program> rm --force <container>", [ENGINE_PUSH] = "<program> push <to>",                  \
	[ENGINE_REACH] = EXPERIMENTAL "<program> manifest inspect ?insecure:--insecure <to>",                          \
	[ENGINE_LIST] = MANIFEST "create ?insecure:--insecure <to> <all>",                                             \
	[ENGINE_LIST_ADD] = MANIFEST "annotate --os linux --arch <arch> ?variant:--variant ?variant:<variant> <to> "   \
				     "<name>",                                                                         \
	[ENGINE_LIST_PUSH] = MANIFEST "push --purge ?insecure:--insecure <to>"

#define BUILDX                                                                                                         \
	[ENGINE_VERSION] = EXPERIMENTAL "<program> buildx version",                                                    \
	[ENGINE_BUILDER] = EXPERIMENTAL "<program> buildx inspect",                                                    \
	[ENGINE_HOST] = EXPERIMENTAL "<program> buildx inspect --bootstrap",                                           \
	[ENGINE_BUILD] = EXPERIMENTAL "<program> buildx build --load <options> --platform <platform> --file "          \
				      "<dockerfile> --tag <name> <context>"
#define DOCKER_PULL [ENGINE_PULL] = "<program> pull --quiet --platform <platform> <name>"

/* Commands of podman and buildah, which share libraries. Insecure registries are the client's option. */
#define CONTAINERS_IMAGES                                                                                              \
	[ENGINE_VERSION] = "<program> version",                                                                        \
	[ENGINE_BUILD] = "<program> build ?insecure:--tls-verify=false <options> --platform <platform> --file "        \
			 "<dockerfile> --tag <name> <context>",                                                        \
	[ENGINE_PULL] = "<program> pull --quiet --platform <platform> ?insecure:--tls-verify=false <name>",            \
	[ENGINE_TAG] = "<program> tag <name> <target>", [ENGINE_REMOVE] = "<program> rmi <name>",                      \
	[ENGINE_REACH] = "<program> manifest inspect ?insecure:--tls-verify=false <to>",                               \
	[ENGINE_PUSH] = "<program> push ?insecure:--tls-verify=false <to> docker://<to>",                              \
	[ENGINE_LIST] = "<program> manifest create <list>",                                                            \
	[ENGINE_LIST_ADD] = "<program> manifest add ?insecure:--tls-verify=false --os linux --arch <arch> "            \
			    "?variant:--variant ?variant:<variant> <list> docker://<name>",                            \
	[ENGINE_LIST_PUSH] = "<program> manifest push ?insecure:--tls-verify=false --all --digestfile "                \
			     "<scratch>/digest <list> docker://<to>",                                                  \
	[ENGINE_LIST_END] = "<program> manifest rm <list>"

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): a long command is several literals. */

/* In the order that "auto" tries. */
const struct engine_kind engine_kinds[] = {
	{
		.name = "docker",
		.program = "docker",
		.archive = "docker-archive",
		.place = "",
		.is_automatic = true,
		.has_daemon = true,
		.sees_local = true,
		.commands = { DOCKER_IMAGES, [ENGINE_VERSION] = "<program> version",
			DOCKER_PULL, [ENGINE_HOST] = "<program> version --format {{.Server.Os}}/{{.Server.Arch}}",
			[ENGINE_BUILD] = "<program> build <options> --platform <platform> --file <dockerfile> --tag "
					 "<name> <context>" },
	},
	{
		.name = "buildx", /* a separate builder does not share base images: check them in the registry */
		.program = "docker",
		.archive = "docker-archive",
		.place = "",
		.has_daemon = true,
		.commands = { DOCKER_IMAGES,
			BUILDX, [ENGINE_PULL] = EXPERIMENTAL "<program> buildx imagetools inspect <name>" },
	},
	{
		.name = "podman",
		.program = "podman",
		.archive = "oci-archive",
		.place = "localhost/",
		.is_automatic = true,
		.sees_local = true,
		.commands = { CONTAINERS_IMAGES, [ENGINE_HOST] = "<program> info --format {{.Host.OS}}/{{.Host.Arch}}",
			[ENGINE_ASK] = "<program> image inspect --format {{.Os}}/{{.Architecture}} <name>",
			[ENGINE_ID] = "<program> image inspect --format {{.Id}} <name>",
			[ENGINE_SAVE] = "<program> save --quiet --format oci-archive --output <archive> <name>",
			[ENGINE_LOAD] = "<program> load --quiet --input <archive>",
			[ENGINE_TRY] = "<program> run --rm --name <container> --platform <platform> --entrypoint "
				       "/bin/sh <name> -c <shell>",
			/* Without --time 0, podman waits for the container. */
			[ENGINE_TRY_END] = "<program> rm --force --time 0 <container>" },
	},
	{
		.name = "buildah",
		.program = "buildah",
		.archive = "oci-archive",
		.place = "localhost/",
		.is_automatic = true,
		.sees_local = true,
		.is_rootless_run = true,
		.commands = { CONTAINERS_IMAGES,
			[ENGINE_ASK] = "<program> inspect --type image --format {{.OCIv1.OS}}/{{.OCIv1.Architecture}} "
				       "<name>",
			[ENGINE_ID] = "<program> inspect --type image --format {{.FromImageID}} <name>",
			[ENGINE_SAVE] = "<program> push --quiet <name> oci-archive:<archive>:<name>",
			[ENGINE_LOAD] = "<program> pull --quiet oci-archive:<archive>:<name>",
			[ENGINE_TRY_BEGIN] = "<program> from --quiet --pull-never --name <container> <name>",
			[ENGINE_TRY] = "<program> run <container> -- /bin/sh -c <shell>",
			[ENGINE_TRY_END] = "<program> rm <container>" },
	},
	{ .name = NULL },
};

/* buildx with Docker's own builder, which uses the images of Docker's engine. */
static const struct engine_kind buildx_of_engine = {
	.name = "buildx",
	.program = "docker",
	.archive = "docker-archive",
	.place = "",
	.has_daemon = true,
	.sees_local = true,
	.commands = { DOCKER_IMAGES, BUILDX, DOCKER_PULL },
};

const struct engine_kind engine_skopeo = {
	.name = "skopeo",
	.program = "skopeo",
	.commands = { [ENGINE_REACH] = "<program> inspect --raw ?insecure:--tls-verify=false docker://<to>",
		[ENGINE_PUSH] = "<program> copy ?quiet:--quiet ?insecure:--dest-tls-verify=false <archive> "
				"docker://<to>",
		[ENGINE_LIST_PUSH] = "<program> copy ?quiet:--quiet --all --preserve-digests "
				     "?insecure:--dest-tls-verify=false <archive> docker://<to>" },
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

static const struct {
	const char *name;
	size_t at;
} values[] = {
#define VALUE(name) { #name, offsetof(struct engine_words, name) },
	ENGINE_WORDS(VALUE)
#undef VALUE
};

void engine_names(struct buf *out, const char *between, const char *last)
{
	for (const struct engine_kind *kind = engine_kinds; kind->name; kind++)
		buf_addf(out, "%s%s", kind == engine_kinds ? "" : kind[1].name ? between : last, kind->name);
}

int engine_check(const char *what, const char *name, struct err *e)
{
	auto_buf words = { 0 }, list = { 0 };
	const char *near;
	size_t len = 0;

	buf_adds(&words, "auto ");
	engine_names(&words, " ", " ");
	engine_names(&list, ", ", " or ");
	if (str_in_words(buf_text(&words), name, strlen(name)))
		return 0;
	near = str_nearest(buf_text(&words), name, &len);
	err_set(e, -EINVAL, "invalid %s '%s': expected auto, %s", what, name, buf_text(&list));
	return near ? err_hint(e, "did you mean %s=%.*s?", what, (int)len, near) : -EINVAL;
}

static const char *value_of(const struct engine *engine, const struct engine_words *words, const char *name, size_t len)
{
	const char *value = len == 7 && !strncmp(name, "program", len) ? engine->program : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (strlen(values[i].name) == len && !memcmp(values[i].name, name, len))
			value = *(const char *const *)(const void *)((const char *)words + values[i].at);
	return value ? value : "";
}

/* Expands one word of a command. */
static char *expand(const struct engine *engine, const struct engine_words *words, const char *word, size_t len)
{
	const char *end = word + len, *close;
	auto_buf out = { 0 };

	while (word < end) {
		size_t plain = strcspn(word, "<");

		plain = MIN_OF(plain, (size_t)(end - word));
		buf_add(&out, word, plain);
		word += plain;
		close = word < end ? memchr(word, '>', (size_t)(end - word)) : NULL;
		if (!close)
			continue;
		buf_adds(&out, value_of(engine, words, word + 1, (size_t)(close - word) - 1));
		word = close + 1;
	}
	return mem_text(buf_text(&out));
}

bool engine_command(
	const struct engine *engine, enum engine_verb verb, const struct engine_words *words, struct child *ret)
{
	const char *text = engine->kind->commands[verb];
	size_t len, n_variables = 0;

	*ret = (struct child){ .is_cleanup = verb >= ENGINE_CLEANUP, .is_quiet = verb >= ENGINE_QUIET };
	if (engine->variable && text)
		ret->variables[n_variables++] = mem_text(engine->variable);
	for (; text && *text; text += text[len] ? len + 1 : len) {
		const char *word = text;
		size_t left = len = strcspn(text, " "), capitals = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

		if (*word == '?') {
			size_t name = strcspn(word + 1, ":");

			if (!*value_of(engine, words, word + 1, name))
				continue;
			word += name + 2;
			left -= name + 2;
		}
		if (!strncmp(word, "<options>", len)) {
			for (size_t i = 0; i < words->n_options; i++)
				child_add(ret, mem_text(words->options[i]));
		} else if (!strncmp(word, "<all>", len)) {
			for (size_t i = 0; i < words->n_all; i++)
				child_add(ret, mem_text(words->all[i]));
		} else if (!ret->n && n_variables < CHILD_VARIABLES_MAX && capitals && text[capitals] == '=') {
			ret->variables[n_variables++] = expand(engine, words, word, left);
		} else {
			child_add(ret, expand(engine, words, word, left));
			if (ret->n == 1 && engine->option)
				child_add(ret, mem_text(engine->option));
		}
	}
	return text;
}

/* Whether "buildx inspect" says "Driver: docker". */
static bool uses_engine(const struct engine *engine, const struct engine_search *search)
{
	static const char driver[] = "Driver:";
	auto_child command = { 0 };
	auto_buf answer = { 0 };
	const char *word;

	if (!engine_command(engine, ENGINE_BUILDER, &(struct engine_words){ 0 }, &command))
		return false;
	command.answer = &answer;
	if (search->run(search->context, &command, NULL))
		return false;
	word = strstr(buf_text(&answer), driver);
	word += word ? strlen(driver) + strspn(word + strlen(driver), " ") : 0;
	return word && strcspn(word, "\n") == strlen("docker") && str_starts(word, "docker");
}

/* Parses "linux/arm64" or, per node of a builder, "Platforms: linux/arm64*, linux/arm/v7"; the native one is first. */
static void read_platforms(struct engine *engine, const char *text)
{
	static const char word[] = "Platforms:";
	const char *item, *next = strstr(text, word);
	size_t len;

	for (text = next ? next : text; text; text = next) {
		auto_free char *line = NULL;
		const char *list;
		bool is_first = true;

		text += str_starts(text, word) ? strlen(word) : 0;
		list = line = mem_part(text, strcspn(text, "\n"));
		next = strstr(text, word);
		for (; str_next_item(&list, &item, &len); is_first = false) {
			auto_free char *one = mem_part(item, len - (item[len - 1] == '*'));

			platforms_add(&engine->can, one, NULL);
			if (is_first)
				platforms_add(&engine->is_native, one, NULL);
		}
	}
}

int engine_open(const struct engine_search *search, struct engine *engine, struct err *e)
{
	const struct engine_kind *kind = engine_kinds;
	const char *path = search->docker_path;
	auto_buf words = { 0 };
	bool has_path;
	struct stat st;
	int r = 0;

	while (strcmp(kind->name, search->name) != 0)
		kind++;
	has_path = kind->has_daemon && path && *path;
	engine->kind = kind;
	/* DOCKER_CLI_PATH is a client or, as in lobradov's scripts, its directory. */
	if (has_path && !stat(path, &st) && S_ISDIR(st.st_mode))
		engine->program = mem_print("%s%sdocker", path, str_ends(path, "/") ? "" : "/");
	else
		engine->program = mem_text(has_path ? path : kind->program);
	if (search->run) {
		auto_child command = { 0 };
		auto_buf answer = { 0 };

		engine_command(
			engine, engine->where ? ENGINE_HOST : ENGINE_VERSION, &(struct engine_words){ 0 }, &command);
		if (engine->where)
			command.answer = &answer;
		r = search->run(search->context, &command, e);
		if (!r && engine->where)
			read_platforms(engine, buf_text(&answer));
	}
	if (r == -ENOENT) {
		engine_names(&words, ", ", " or ");
		return err_hint(e, "install it, or choose another engine: --engine %s", buf_text(&words));
	}
	if (r == -EIO && engine->where)
		return err_hint(e, "start it, or get permission to use it; with --builder-fallback its platforms are "
				   "built here");
	if (r == -EIO)
		return kind->sees_local ? err_hint(e, "start its daemon, or get permission to use it")
					: err_hint(e, "make sure that '%s buildx version' works", engine->program);
	if (!r && search->run && uses_engine(engine, search))
		engine->kind = &buildx_of_engine;
	return r;
}

int engine_find(const struct engine_search *search, struct engine *ret, struct err *e)
{
	bool is_auto = !strcmp(search->name, "auto");
	struct engine_search one = *search;
	auto_buf words = { 0 };
	auto_err first = { 0 };

	for (const struct engine_kind *kind = engine_kinds; kind->name; kind++) {
		auto_err why = { 0 };
		auto_engine engine = { 0 };
		int r;

		if (is_auto ? !kind->is_automatic : strcmp(kind->name, search->name) != 0)
			continue;
		one.name = kind->name;
		r = engine_open(&one, &engine, &why);
		if (!r) {
			*ret = engine;
			engine = (struct engine){ 0 };
		}
		if (!r || r == -EINTR || !is_auto)
			return r ? err_move(e, &why) : 0;
		if (r != -ENOENT && !first.code) /* installed: the user means this engine */
			err_move(&first, &why);
	}
	if (first.code)
		return err_move(e, &first);
	for (const struct engine_kind *kind = engine_kinds; kind->name; kind++)
		if (kind->is_automatic)
			buf_addf(&words, "%s%s", words.len ? ", " : "", kind->name);
	err_set(e, -ENOENT, "no container engine found (looked for %s)", buf_text(&words));
	return err_hint(e, "install one of them");
}

void engine_done(struct engine *engine)
{
	free(engine->program);
	free(engine->where);
	free(engine->variable);
	free(engine->option);
	*engine = (struct engine){ 0 };
}

/* Without a variant, the answer ends with a slash. */
bool engine_platform(const struct buf *answer, struct platform *ret)
{
	size_t len = answer->len;

	while (len && strchr(" \n/", answer->data[len - 1]))
		len--;
	return len && !name_parse(answer->data, len, ret, NULL);
}
