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

/* Owned text. */
struct stage {
	char *name, *image, *platform; /* image: NULL where there is none that can be known */
	struct base_place place;       /* len 0: it has none */
	bool is_unknown;
	uint64_t uses; /* stages before it, as bits */
};

/* The file as far as it was read. */
struct reading {
	const struct bases_request *request;
	char *args[ARGS_MAX]; /* NAME=value, owned */
	struct stage stages[STAGES_MAX];
	size_t n_args, n_stages;
	const char *line; /* an instruction that is read, and where it is in the text */
	size_t line_at;
	bool is_one_line;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool next_word(const char **cursor, const char **ret_word, size_t *ret_len)
{
	const char *p = *cursor;

	while (is_blank(*p))
		p++;
	*ret_word = p;
	while (*p && !is_blank(*p))
		p++;
	*ret_len = (size_t)(p - *ret_word);
	*cursor = p;
	return *ret_len;
}

/* ---- variables ---- */

/* NAME=value of NAME, the last one; NULL: none. is_bare: an option that has NAME alone, whose value the engine knows.
 */
static const char *option_value(
	const struct bases_request *q, const char *option, const char *name, size_t len, bool *is_bare)
{
	for (size_t i = q->n_options; i--;) {
		const char *pair = q->options[i] + strlen(option);

		if (!str_starts(q->options[i], option) || strncmp(pair, name, len))
			continue;
		*is_bare = !pair[len];
		if (*is_bare || pair[len] == '=')
			return *is_bare ? NULL : pair + len + 1;
	}
	return NULL;
}

static const char *value_of(const struct reading *r, const char *name, size_t len)
{
	bool is_bare = false;
	const char *value = option_value(r->request, "--build-arg=", name, len, &is_bare);

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
	bool is_quoted = false;

	while (p && *p && out->len <= VALUE_MAX) {
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
	return text && !is_quoted && buf_ok(out) && out->len && out->len <= VALUE_MAX;
}

/* ARG NAME=value, before the first FROM only; one without a value counts for nothing. */
static int read_arg(struct reading *r, const char *rest)
{
	const char *word;
	size_t len;

	while (!r->n_stages && next_word(&rest, &word, &len)) {
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

/* ---- stages ---- */

/* By its name, or by its number. -1: none of those before. */
static int find_stage(const struct reading *r, const char *text, size_t n_before)
{
	unsigned long number;

	for (size_t i = n_before; i--;)
		if (r->stages[i].name && !strcasecmp(r->stages[i].name, text))
			return (int)i;
	return !str_to_uint(text, STAGES_MAX, &number) && number < n_before ? (int)number : -1;
}

/* What begins with '-' would be an option to whatever it is handed to; no image is called that. */
static int set_image(struct reading *r, struct stage *stage, const char *image)
{
	int before = find_stage(r, image, (size_t)(stage - r->stages));
	bool is_bare = false;

	if (before >= 0 && r->stages[before].name && !strcasecmp(r->stages[before].name, image)) {
		stage->uses |= (uint64_t)1 << before;
		return 0;
	}
	if (*image == '-' || !strcmp(image, "scratch") ||
		option_value(r->request, "--build-context=", image, strlen(image), &is_bare))
		return 0;
	stage->image = mem_text(image);
	return stage->image ? 0 : -ENOMEM;
}

/* The last one counts. */
static int set_platform(const struct reading *r, struct stage *stage, const char *word, size_t len)
{
	auto_buf platform = { 0 };

	free(take_ptr(&stage->platform));
	stage->is_unknown = !expand(r, word, len, &platform);
	stage->platform = stage->is_unknown ? NULL : mem_text(buf_text(&platform));
	return stage->is_unknown || stage->platform ? 0 : -ENOMEM;
}

/* FROM [--platform=P] IMAGE [AS NAME] */
static int read_from(struct reading *r, const char *rest)
{
	static const char flag[] = "--platform=";
	struct stage *stage = &r->stages[r->n_stages];
	auto_buf image = { 0 };
	const char *word = "";
	size_t len = 0;
	int status = 0;

	if (r->n_stages == STAGES_MAX)
		return 0;
	r->n_stages++;
	while (!status && next_word(&rest, &word, &len) && len > 2 && !strncmp(word, "--", 2))
		if (len > sizeof(flag) - 1 && str_starts(word, flag))
			status = set_platform(r, stage, word + sizeof(flag) - 1, len - sizeof(flag) + 1);
	stage->is_unknown |= !len || !expand(r, word, len, &image);
	if (r->is_one_line)
		stage->place = (struct base_place){ r->line_at + (size_t)(word - r->line), len };
	if (!status && !stage->is_unknown)
		status = set_image(r, stage, buf_text(&image));
	if (!status && next_word(&rest, &word, &len) && len == 2 && !strncasecmp(word, "AS", 2) &&
		next_word(&rest, &word, &len)) {
		stage->name = mem_part(word, len);
		status = stage->name ? 0 : -ENOMEM;
	}
	return status;
}

/* COPY --from=STAGE */
static int read_copy(struct reading *r, const char *rest)
{
	static const char flag[] = "--from=";
	const char *word;
	size_t len;

	while (r->n_stages && next_word(&rest, &word, &len) && len > 2 && !strncmp(word, "--", 2))
		if (len > sizeof(flag) - 1 && str_starts(word, flag)) {
			auto_free char *name = mem_part(word + sizeof(flag) - 1, len - sizeof(flag) + 1);
			int from = name ? find_stage(r, name, r->n_stages - 1) : -1;

			if (!name)
				return -ENOMEM;
			if (from >= 0)
				r->stages[r->n_stages - 1].uses |= (uint64_t)1 << from;
		}
	return 0;
}

/* ---- instructions ---- */

static const struct {
	const char *name;
	int (*read)(struct reading *r, const char *rest);
	bool can_have_documents;
} instructions[] = {
	{ "FROM", read_from, false },
	{ "ARG", read_arg, false },
	{ "COPY", read_copy, true },
	{ "ADD", NULL, true },
	{ "RUN", NULL, true },
};

/* Goes to the last line of a here-document. One without an end is none: 1<<A is no document either. */
static void skip_document(const struct template *t, const char *mark, struct template_line *line)
{
	bool has_tabs = *mark == '-';
	const char *word = mark + has_tabs + (mark[has_tabs] == '"' || mark[has_tabs] == '\'');
	struct template_line ahead = *line;
	size_t len = 0;

	while (isalnum((unsigned char)word[len]) || word[len] == '_')
		len++;
	ahead.is_continued = false;
	while (len && template_next(t, NULL, &ahead)) {
		const char *text = ahead.text;

		while (has_tabs && text < ahead.text + ahead.len && *text == '\t')
			text++;
		if ((size_t)(ahead.text + ahead.len - text) == len && !memcmp(text, word, len)) {
			*line = ahead;
			line->is_continued = false;
			return;
		}
	}
}

/* An instruction on one line; with what belongs to it line moves on. */
static int read_instruction(struct reading *r, const struct template *t, const char *text, struct template_line *line)
{
	const char *rest = text, *word;
	size_t len, i = 0;
	int status;

	if (!next_word(&rest, &word, &len))
		return 0;
	while (i < ARRAY_SIZE(instructions) &&
		(strlen(instructions[i].name) != len || strncasecmp(instructions[i].name, word, len)))
		i++;
	if (i == ARRAY_SIZE(instructions))
		return 0;
	status = instructions[i].read ? instructions[i].read(r, rest) : 0;
	while (instructions[i].can_have_documents && (rest = strstr(rest, "<<")))
		skip_document(t, rest += 2, line);
	return status;
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
		if (!whole.len) {
			r->line_at = (size_t)(line.text - t.text);
			r->is_one_line = !line.is_continued;
		}
		buf_add(&whole, line.text, line.is_continued && len ? len - 1 : len);
		if (line.is_continued)
			continue;
		r->line = buf_text(&whole);
		status = buf_ok(&whole) ? read_instruction(r, &t, buf_text(&whole), &line) : -ENOMEM;
		buf_done(&whole);
	}
	return status;
}

/* ---- what is needed ---- */

static struct base *find_base(struct bases *bases, const struct stage *stage)
{
	for (size_t i = 0; i < bases->n; i++) {
		struct base *b = &bases->items[i];

		if (!strcmp(b->image, stage->image) &&
			!strcmp(b->platform ? b->platform : "", stage->platform ? stage->platform : ""))
			return b;
	}
	return NULL;
}

static void add_place(struct base *base, const struct stage *stage)
{
	if (stage->place.len && base->n_places < BASE_PLACES_MAX)
		base->places[base->n_places++] = stage->place;
}

static int add_base(struct bases *bases, const struct stage *stage)
{
	struct base *base = stage->image ? find_base(bases, stage) : NULL;

	if (base)
		add_place(base, stage);
	bases->has_unknown |= stage->is_unknown || bases->n == BASES_MAX;
	if (!stage->image || bases->n == BASES_MAX || base)
		return 0;
	base = &bases->items[bases->n];
	*base = (struct base){ 0 };
	add_place(base, stage);
	base->image = mem_text(stage->image);
	base->platform = stage->platform ? mem_text(stage->platform) : NULL;
	bases->n++;
	return base->image && (base->platform || !stage->platform) ? 0 : -ENOMEM;
}

static int target_of(const struct reading *r)
{
	static const char option[] = "--target=";

	for (size_t i = r->request->n_options; i--;)
		if (str_starts(r->request->options[i], option))
			return find_stage(r, r->request->options[i] + sizeof(option) - 1, r->n_stages);
	return (int)r->n_stages - 1;
}

static int collect(const struct reading *r, struct bases *bases)
{
	int last = target_of(r), status = 0;
	uint64_t needed = last >= 0 ? (uint64_t)1 << last : 0;

	for (int i = last; i >= 0; i--) /* a stage uses only those before it */
		if (needed >> i & 1)
			needed |= r->stages[i].uses;
	for (int i = 0; !status && i <= last; i++)
		if (needed >> i & 1)
			status = add_base(bases, &r->stages[i]);
	return status;
}

static void reading_free(struct reading *r)
{
	for (size_t i = 0; i < r->n_args; i++)
		free(r->args[i]);
	for (size_t i = 0; i < r->n_stages; i++) {
		free(r->stages[i].name);
		free(r->stages[i].image);
		free(r->stages[i].platform);
	}
	free(r);
}

int bases_read(const struct bases_request *request, struct bases *ret, struct err *e)
{
	struct reading *r = mem_new(1, sizeof(*r));
	auto_bases bases = { 0 };
	int status = -ENOMEM;

	if (r) {
		r->request = request;
		status = read_all(r);
		if (!status)
			status = collect(r, &bases);
		reading_free(r);
	}
	if (status)
		return err_sys(e, status, "cannot look for base images");
	*ret = bases;
	bases = (struct bases){ 0 };
	return 0;
}

/* Of all places the next one that gets another name. */
static const struct base_place *next_place(
	const struct bases *bases, char *const names[BASES_MAX], size_t from, const char **ret_name)
{
	const struct base_place *next = NULL;

	for (size_t i = 0; i < bases->n; i++)
		for (size_t k = 0; names[i] && k < bases->items[i].n_places; k++) {
			const struct base_place *place = &bases->items[i].places[k];

			if (place->at >= from && (!next || place->at < next->at)) {
				next = place;
				*ret_name = names[i];
			}
		}
	return next;
}

int bases_rename(const char *text, size_t len, const struct bases *bases, char *const names[BASES_MAX], struct buf *out)
{
	const struct base_place *place;
	const char *name = NULL;
	size_t at = 0;

	while ((place = next_place(bases, names, at, &name)) && place->at + place->len <= len) {
		buf_add(out, text + at, place->at - at);
		buf_adds(out, name);
		at = place->at + place->len;
	}
	buf_add(out, text + at, len - at);
	return buf_ok(out) ? 0 : -ENOMEM;
}

void bases_done(struct bases *bases)
{
	for (size_t i = 0; i < bases->n; i++) {
		free(bases->items[i].image);
		free(bases->items[i].platform);
	}
	bases->n = 0;
}
