// SPDX-License-Identifier: MIT
/* Base images of a Dockerfile. */
#include "project/bases.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"
#include "project/scan.h"

/* VALUE_MAX, more than any image name has, ends nested expansion. */
enum { ARGS_MAX = 64, STAGES_MAX = 64, VALUE_MAX = 1024 };

/* A build stage; its texts are owned. */
struct stage {
	char *name, *image, *platform; /* image: NULL if it is not external or not known */
	struct base_place place;       /* len 0: none */
	bool is_unknown;
	uint64_t uses; /* earlier stages, as a bit mask */
};

/* State of reading a Dockerfile. */
struct reading {
	const struct bases_request *request;
	char *args[ARGS_MAX]; /* NAME=value, owned */
	struct stage stages[STAGES_MAX];
	size_t n_args, n_stages;
};

/* The value of the last option NAME=value; NULL: none. is_bare: NAME without value, which the engine looks up. */
static const char *option_value(
	const struct bases_request *q, const char *option, const char *name, size_t len, bool *is_bare)
{
	for (size_t i = q->n_options; i--;) {
		const char *pair = str_starts(q->options[i], option) ? q->options[i] + strlen(option) : NULL;

		if (!pair || strncmp(pair, name, len))
			continue;
		*is_bare = !pair[len];
		if (*is_bare || pair[len] == '=')
			return *is_bare ? NULL : pair + len + 1;
	}
	return NULL;
}

/* Expands $NAME or ${NAME} at p, and sets its end; NULL if only the engine knows the value. */
static const char *variable_at(const struct reading *r, const char *p, const char **ret_end)
{
	bool has_brace = p[1] == '{';
	const char *name = p + 1 + has_brace, *end = name;
	size_t len;
	bool is_bare = false;
	const char *value;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == name || (has_brace && *end != '}'))
		return NULL;
	*ret_end = end + has_brace;
	len = (size_t)(end - name);
	value = option_value(r->request, "--build-arg=", name, len, &is_bare);
	if (value || is_bare)
		return value;
	for (size_t i = r->n_args; i--;)
		if (!strncmp(r->args[i], name, len) && r->args[i][len] == '=')
			return r->args[i] + len + 1;
	if (len == strlen("TARGETPLATFORM") && !strncmp(name, "TARGETPLATFORM", len))
		return r->request->target_platform;
	if (len == strlen("BUILDPLATFORM") && !strncmp(name, "BUILDPLATFORM", len))
		return r->request->build_platform;
	return NULL;
}

/* Expands a word as the engine does; false if only the engine can. */
static bool expand(const struct reading *r, struct scan_word word, struct buf *out)
{
	auto_free char *text = mem_part(word.text, word.len);
	const char *p = text;
	bool is_quoted = false;

	while (*p && out->len <= VALUE_MAX) {
		const char *end = p + 1, *value = *p == '$' ? variable_at(r, p, &end) : NULL;

		if (strchr("\\'", *p) || (*p == '$' && !value))
			return false;
		is_quoted ^= *p == '"';
		if (value)
			buf_adds(out, value);
		else if (*p != '"')
			buf_add(out, p, 1);
		p = end;
	}
	return !is_quoted && out->len && out->len <= VALUE_MAX;
}

/* Reads ARG NAME=value, before the first FROM only; ARG without a value is ignored. */
static void read_arg(struct reading *r, const char *rest)
{
	struct scan_word word;

	while (!r->n_stages && (word = scan_word(&rest)).len) {
		const char *equals = memchr(word.text, '=', word.len), *end = word.text + word.len;
		auto_buf pair = { 0 };

		if (!equals || r->n_args == ARGS_MAX)
			continue;
		buf_add(&pair, word.text, (size_t)(equals + 1 - word.text));
		if (equals + 1 == end || expand(r, (struct scan_word){ equals + 1, (size_t)(end - equals - 1) }, &pair))
			r->args[r->n_args++] = mem_text(buf_text(&pair));
	}
}

/* Finds a stage among the first n_before by name or number; -1: none. */
static int find_stage(const struct reading *r, const char *text, size_t n_before)
{
	unsigned long number;

	for (size_t i = n_before; i--;)
		if (r->stages[i].name && !strcasecmp(r->stages[i].name, text))
			return (int)i;
	return !str_to_uint(text, STAGES_MAX, &number) && number < n_before ? (int)number : -1;
}

/* Reads FROM. */
static void read_from(struct reading *r, const struct scan_whole *instruction, const char *rest)
{
	struct stage *stage = &r->stages[r->n_stages];
	struct scan_from from = scan_from(rest);
	auto_buf image = { 0 }, platform = { 0 };
	const char *name;
	bool is_bare = false;
	int before;

	if (r->n_stages == STAGES_MAX)
		return;
	stage->is_unknown = from.platform.len && !expand(r, from.platform, &platform);
	if (platform.len && !stage->is_unknown)
		stage->platform = mem_text(buf_text(&platform));
	stage->is_unknown |= !from.image.len || !expand(r, from.image, &image);
	if (instruction->is_one_line)
		stage->place =
			(struct base_place){ instruction->at + (size_t)(from.image.text - buf_text(&instruction->text)),
				from.image.len };
	name = buf_text(&image);
	before = stage->is_unknown ? -1 : find_stage(r, name, r->n_stages);
	if (before >= 0 && r->stages[before].name && !strcasecmp(r->stages[before].name, name))
		stage->uses |= (uint64_t)1 << before;
	/* The engine would read an option where a name begins with '-', and no image has such a name. */
	else if (!stage->is_unknown && *name != '-' && strcmp(name, "scratch") &&
		 !option_value(r->request, "--build-context=", name, strlen(name), &is_bare))
		stage->image = mem_text(name);
	if (from.name.len)
		stage->name = mem_part(from.name.text, from.name.len);
	r->n_stages++;
}

static void add_base(struct bases *bases, const struct stage *stage, const char *target_platform)
{
	const char *platform = stage->platform ? stage->platform : target_platform;
	struct base *base = bases->items;

	bases->has_unknown |= stage->is_unknown || bases->n == BASES_MAX;
	while (stage->image && base < bases->items + bases->n &&
		(strcmp(base->image, stage->image) || strcmp(base->platform, platform)))
		base++;
	if (!stage->image || base == bases->items + BASES_MAX)
		return;
	if (base == bases->items + bases->n) {
		*base = (struct base){ mem_text(stage->image), mem_text(platform), 0 };
		bases->n++;
	}
	if (!stage->place.len || bases->n_places == BASE_PLACES_MAX)
		return;
	base->n_places++;
	bases->places[bases->n_places++] =
		(struct base_place){ stage->place.at, stage->place.len, (size_t)(base - bases->items) };
}

static void read_all(struct reading *r)
{
	struct scan s = { .text = r->request->text, .len = r->request->len };
	struct scan_whole instruction = { 0 };

	while (scan_whole(&s, &instruction)) {
		const char *rest = buf_text(&instruction.text);
		struct scan_word name = scan_word(&rest);

		if (scan_word_is(name, "FROM")) {
			read_from(r, &instruction, rest);
		} else if (scan_word_is(name, "ARG")) {
			read_arg(r, rest);
		} else if (scan_word_is(name, "COPY") && r->n_stages) {
			struct scan_word option = scan_option(&rest, "--from=");
			auto_free char *stage = mem_part(option.len ? option.text : "", option.len);
			int from = option.len ? find_stage(r, stage, r->n_stages - 1) : -1;

			if (from >= 0)
				r->stages[r->n_stages - 1].uses |= (uint64_t)1 << from;
		}
	}
}

void bases_read(const struct bases_request *request, struct bases *ret)
{
	static const char target[] = "--target=";
	auto_free struct reading *r = mem_new(1, sizeof(*r));
	const char *end = NULL;
	uint64_t needed;
	int last;

	r->request = request;
	read_all(r);
	for (size_t i = 0; i < request->n_options; i++)
		if (str_starts(request->options[i], target))
			end = request->options[i] + strlen(target);
	last = end ? find_stage(r, end, r->n_stages) : (int)r->n_stages - 1;
	needed = last >= 0 ? (uint64_t)1 << last : 0;
	*ret = (struct bases){ 0 };
	for (int i = last; i >= 0; i--) /* a stage uses earlier stages only */
		if (needed >> i & 1)
			needed |= r->stages[i].uses;
	for (int i = 0; i <= last; i++)
		if (needed >> i & 1)
			add_base(ret, &r->stages[i], request->target_platform);
	for (size_t i = 0; i < r->n_args; i++)
		free(r->args[i]);
	for (size_t i = 0; i < r->n_stages; i++) {
		free(r->stages[i].name);
		free(r->stages[i].image);
		free(r->stages[i].platform);
	}
}

void bases_rename(
	const char *text, size_t len, const struct bases *bases, char *const names[BASES_MAX], struct buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < bases->n_places && bases->places[i].at + bases->places[i].len <= len; i++) {
		const struct base_place *place = &bases->places[i];

		if (!names[place->base])
			continue;
		buf_add(out, text + at, place->at - at);
		buf_adds(out, names[place->base]);
		at = place->at + place->len;
	}
	buf_add(out, text + at, len - at);
}

void bases_done(struct bases *bases)
{
	for (size_t i = 0; i < bases->n; i++) {
		free(bases->items[i].image);
		free(bases->items[i].platform);
	}
	bases->n = bases->n_places = 0;
}
