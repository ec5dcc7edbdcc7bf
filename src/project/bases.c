// SPDX-License-Identifier: MIT
/* Base images of a Dockerfile. */
#include "project/bases.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"
#include "project/template.h"

/* A value can hold others, and those others: what is longer than any name of an image is not followed. */
enum { ARGS_MAX = 64, STAGES_MAX = 64, VALUE_MAX = 1024 };

/* The file as far as it was read. Owned. */
struct reading {
	const struct bases_request *request;
	struct bases *bases;
	char *args[ARGS_MAX]; /* NAME=value */
	char *stages[STAGES_MAX];
	size_t n_args, n_stages;
	bool has_from;
};

static const char *value_of(const struct reading *r, const char *name, size_t len)
{
	static const char option[] = "--build-arg=";
	const struct bases_request *q = r->request;

	for (size_t i = 0; i < q->n_options; i++) {
		const char *pair = q->options[i] + sizeof(option) - 1;

		if (str_starts(q->options[i], option) && !strncmp(pair, name, len) && pair[len] == '=')
			return pair + len + 1;
	}
	for (size_t i = r->n_args; i--;)
		if (!strncmp(r->args[i], name, len) && r->args[i][len] == '=')
			return r->args[i] + len + 1;
	if (len == strlen("TARGETPLATFORM") && !strncmp(name, "TARGETPLATFORM", len))
		return q->target_platform;
	if (len == strlen("BUILDPLATFORM") && !strncmp(name, "BUILDPLATFORM", len))
		return q->build_platform;
	return NULL;
}

/* What $NAME or ${NAME} at p stands for, and where it ends; NULL where only the engine can know. */
static const char *variable_at(const struct reading *r, const char *p, const char **ret_end)
{
	bool has_brace = p[1] == '{';
	const char *name = p + 1 + has_brace, *end = name;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == name || (has_brace && *end != '}'))
		return NULL;
	*ret_end = end + has_brace;
	return value_of(r, name, (size_t)(end - name));
}

/* A word as the engine reads it. false where only the engine can know. */
static bool expand(const struct reading *r, const char *word, size_t len, struct buf *out)
{
	auto_free char *text = mem_part(word, len);
	const char *p = text;

	while (p && *p && out->len <= VALUE_MAX) {
		const char *end = p + 1, *value = *p == '$' ? variable_at(r, p, &end) : NULL;

		if (strchr("\\'", *p) || (*p == '$' && !value))
			return false;
		if (value)
			buf_adds(out, value);
		else if (*p != '"')
			buf_add(out, p, 1);
		p = end;
	}
	return text && buf_ok(out) && out->len && out->len <= VALUE_MAX;
}

/* ARG NAME=value, before the first FROM only; one without a value counts for nothing. */
static int read_arg(struct reading *r, const char *rest)
{
	const char *word;
	size_t len;

	while (str_next_item(&rest, &word, &len)) {
		const char *equals = memchr(word, '=', len);
		auto_buf pair = { 0 };

		if (!equals || r->n_args == ARGS_MAX)
			continue;
		buf_add(&pair, word, (size_t)(equals - word) + 1);
		if (equals + 1 < word + len && !expand(r, equals + 1, (size_t)(word + len - equals - 1), &pair))
			continue;
		r->args[r->n_args] = mem_text(buf_text(&pair));
		if (!r->args[r->n_args++])
			return -ENOMEM;
	}
	return 0;
}

static bool is_known(const struct reading *r, const char *image, const char *platform)
{
	for (size_t i = 0; i < r->n_stages; i++)
		if (!strcasecmp(r->stages[i], image))
			return true;
	for (size_t i = 0; i < r->bases->n; i++) {
		const struct base *b = &r->bases->items[i];

		if (!strcmp(b->image, image) && !strcmp(b->platform ? b->platform : "", platform ? platform : ""))
			return true;
	}
	return !strcmp(image, "scratch");
}

static int add_base(struct reading *r, const char *image, const char *platform)
{
	struct base *base = &r->bases->items[r->bases->n];

	if (is_known(r, image, platform) || r->bases->n == BASES_MAX)
		return 0;
	base->image = mem_text(image);
	base->platform = platform ? mem_text(platform) : NULL;
	r->bases->n++;
	return base->image && (base->platform || !platform) ? 0 : -ENOMEM;
}

/* FROM [--platform=P] IMAGE [AS NAME] */
static int read_from(struct reading *r, const char *rest)
{
	static const char flag[] = "--platform=";
	auto_buf image = { 0 }, platform = { 0 };
	bool is_clear = true, has_platform = false;
	const char *word = "";
	size_t len = 0;
	int status = 0;

	r->has_from = true;
	while (str_next_item(&rest, &word, &len) && len > 2 && !strncmp(word, "--", 2))
		if (len > sizeof(flag) - 1 && str_starts(word, flag)) {
			has_platform = true;
			is_clear = expand(r, word + sizeof(flag) - 1, len - sizeof(flag) + 1, &platform);
		}
	/* What begins with '-' would be an option to whatever it is handed to; no image is called that. */
	if (is_clear && len && expand(r, word, len, &image) && *buf_text(&image) != '-')
		status = add_base(r, buf_text(&image), has_platform ? buf_text(&platform) : NULL);
	if (!status && str_next_item(&rest, &word, &len) && len == 2 && !strncasecmp(word, "AS", 2) &&
		str_next_item(&rest, &word, &len) && r->n_stages < STAGES_MAX) {
		r->stages[r->n_stages] = mem_part(word, len);
		status = r->stages[r->n_stages++] ? 0 : -ENOMEM;
	}
	return status;
}

/* An instruction on one line. */
static int read_instruction(struct reading *r, const char *text)
{
	const char *rest = text, *word;
	size_t len;

	if (!str_next_item(&rest, &word, &len))
		return 0;
	if (len == 4 && !strncasecmp(word, "FROM", 4))
		return read_from(r, rest);
	return len == 3 && !strncasecmp(word, "ARG", 3) && !r->has_from ? read_arg(r, rest) : 0;
}

static int read_all(struct reading *r)
{
	struct template t = { r->request->text, r->request->len };
	struct template_line line = { 0 };
	auto_buf whole = { 0 };
	int status = 0;

	while (!status && template_next(&t, NULL, &line)) {
		size_t len = line.len;

		if (line.is_remark)
			continue;
		while (line.is_continued && len && line.text[len - 1] != '\\')
			len--;
		buf_add(&whole, line.text, line.is_continued && len ? len - 1 : len);
		if (line.is_continued)
			continue;
		status = buf_ok(&whole) ? read_instruction(r, buf_text(&whole)) : -ENOMEM;
		buf_done(&whole);
	}
	return status;
}

int bases_read(const struct bases_request *request, struct bases *ret, struct err *e)
{
	auto_bases bases = { 0 };
	struct reading *r = mem_new(1, sizeof(*r));
	int status = -ENOMEM;

	if (r) {
		r->request = request;
		r->bases = &bases;
		status = read_all(r);
		for (size_t i = 0; i < r->n_args; i++)
			free(r->args[i]);
		for (size_t i = 0; i < r->n_stages; i++)
			free(r->stages[i]);
		free(r);
	}
	if (status)
		return err_sys(e, status, "cannot look for base images");
	*ret = bases;
	bases.n = 0;
	return 0;
}

void bases_done(struct bases *bases)
{
	for (size_t i = 0; i < bases->n; i++) {
		free(bases->items[i].image);
		free(bases->items[i].platform);
	}
	bases->n = 0;
}
