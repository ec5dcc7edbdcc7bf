// SPDX-License-Identifier: MIT
/* An image's config with a layer more or less, and the mark by which ours is known again. */
#include "image/edit_config.h"

#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/model.h"
#include "image/splice.h"

#define MARK "anyarch-inject 1 "
#define KEY  "anyarch-inject" /* of a member of the config, where there is no history to hold the mark */

static void history_entry(struct buf *out, const struct graft *graft, const char *digest)
{
	auto_buf command = { 0 };
	time_t seconds = (time_t)graft->time;
	char created[32] = "1970-01-01T00:00:00Z";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(&command, "anyarch %s /%s", graft->hides ? "eject" : "inject", graft->path);
	buf_addf(out, "{\"created\":\"%s\",\"created_by\":", created);
	splice_quote(out, buf_text(&command));
	if (!graft->hides)
		buf_addf(out, ",\"comment\":\"" MARK "%s %s\"", graft->diff_id, digest);
	buf_adds(out, "}");
}

/* A member that readers do not know is no error to them (image-spec config.md); a history must not be invented. */
static void add_key(struct splice *s, const char *text, const struct graft *graft, const char *digest)
{
	auto_buf value = { 0 };

	buf_addf(&value, "\"" MARK "%s %s\"", graft->diff_id, digest);
	splice_add_member(s, text, span_whole(text), KEY, buf_text(&value));
}

int config_append(const char *text, size_t len, const struct graft *graft, struct buf *out, struct err *e)
{
	auto_buf diff_id = { 0 }, entry = { 0 };
	char digest[DIGEST_TEXT];
	struct splice s = { 0 };
	struct span span;

	if (!span_path(text, "rootfs.diff_ids", &span) || text[span.at] != '[')
		return err_set(e, -EBADMSG, "the image's config has no list of diff_ids");
	if (span_path(text, KEY, &(struct span){ 0 })) {
		err_set(e, -EEXIST, "an emulator was injected before, and its config has been changed since");
		return err_hint(e, "inject into the image that it was made of");
	}
	buf_addf(&diff_id, "\"%s\"", graft->diff_id);
	splice_append(&s, text, span, buf_text(&diff_id));
	digest_text(text, len, digest);
	history_entry(&entry, graft, digest);
	if (span_path(text, "history", &span) && text[span.at] == '[')
		splice_append(&s, text, span, buf_text(&entry));
	else
		add_key(&s, text, graft, digest);
	splice_apply(&s, text, len, out);
	splice_done(&s);
	return 0;
}

/* The digest in a mark that is for the topmost layer. NULL. */
static const char *read_mark(const char *mark, const char *top)
{
	if (!mark || !top || !str_starts(mark, MARK))
		return NULL;
	mark += strlen(MARK);
	if (!str_starts(mark, top) || mark[strlen(top)] != ' ')
		return NULL;
	return digest_is_valid(mark + strlen(top) + 1) ? mark + strlen(top) + 1 : NULL;
}

/* In the last entry of the history, or in our own member. */
static const char *find_mark(const struct json *config, bool *ret_in_history)
{
	const struct json *history = jv_get(config, "history"),
			  *diff_ids = jv_get(jv_get(config, "rootfs"), "diff_ids");
	size_t n = jv_count(history), layers = jv_count(diff_ids);
	const char *top = layers ? jv_as_text(jv_at(diff_ids, layers - 1)) : NULL;

	*ret_in_history = n > 0;
	return read_mark(n ? jv_get_text(jv_at(history, n - 1), "comment") : jv_get_text(config, KEY), top);
}

bool config_is_marked(const struct json *config)
{
	bool in_history;

	return find_mark(config, &in_history);
}

int config_drop(const char *text, size_t len, struct buf *out, struct err *e)
{
	struct json *config = jv_load(text, len, e);
	bool in_history;
	const char *mark = config ? find_mark(config, &in_history) : NULL;
	char digest[DIGEST_TEXT];
	struct splice s = { 0 };
	struct span span;
	int r = 0;

	if (mark && span_path(text, "rootfs.diff_ids", &span)) {
		splice_drop_last(&s, text, span);
		if (in_history && span_path(text, "history", &span))
			splice_drop_last(&s, text, span);
		if (!in_history)
			splice_drop_member(&s, text, span_whole(text), KEY);
		splice_apply(&s, text, len, out);
		digest_text(buf_text(out), out->len, digest);
		r = !strcmp(digest, mark);
	}
	splice_done(&s);
	jv_free(config);
	return config ? r : e ? e->code : -EBADMSG;
}

enum { HISTORY_MAX = 4096 };

/*
 * The topmost layer of which a mark speaks, among those that are flagged and not found yet; n: none. The history may
 * have other counts than layers.
 */
static size_t find_layer(const struct json *diff_ids, const char *mark, const bool *flags, const bool *found, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (flags[i] && !found[i] && read_mark(mark, jv_as_text(jv_at(diff_ids, i))))
			return i;
	return n;
}

/* So many layers from the top the history tells of (image-spec config.md, "empty_layer"). */
static size_t told_layers(const struct json *history)
{
	size_t n = 0;

	for (size_t i = 0; i < jv_count(history); i++)
		n += !jv_is_true(jv_get(jv_at(history, i), "empty_layer"));
	return n;
}

/*
 * Which entries of the history go: those with a mark for a flagged layer, the last ones for the topmost where the same
 * layer is there twice. Flags of others are taken back.
 */
static size_t find_below(const struct json *config, bool *drops, const bool *known, size_t n, bool entries[HISTORY_MAX])
{
	const struct json *history = jv_get(config, "history"),
			  *diff_ids = jv_get(jv_get(config, "rootfs"), "diff_ids");
	bool found[MODEL_LAYERS_MAX] = { false };
	size_t count = 0;

	n = MIN_OF(n, (size_t)MODEL_LAYERS_MAX);
	for (size_t i = MIN_OF(jv_count(history), (size_t)HISTORY_MAX); i-- > 0;) {
		size_t layer = find_layer(diff_ids, jv_get_text(jv_at(history, i), "comment"), drops, found, n);

		if (layer < n) {
			entries[i] = found[layer] = true;
			count++;
		}
	}
	for (size_t i = 0, told = told_layers(history); known && i < n && i + told < jv_count(diff_ids); i++)
		if (drops[i] && known[i] && !found[i]) {
			found[i] = true;
			count++;
		}
	memcpy(drops, found, n * sizeof(*drops));
	return count;
}

int config_find_marked(const char *text, size_t len, bool *flags, const bool *known, size_t n, struct err *e)
{
	auto_free bool *entries = mem_new(HISTORY_MAX, sizeof(*entries));
	struct json *config = jv_load(text, len, e);
	size_t found = config ? find_below(config, flags, known, n, entries) : 0;

	if (!found)
		memset(flags, 0, n * sizeof(*flags));
	jv_free(config);
	return config ? (int)found : e ? e->code : -EBADMSG;
}

int config_drop_below(
	const char *text, size_t len, bool *drops, const bool *known, size_t n, struct buf *out, struct err *e)
{
	auto_free bool *entries = mem_new(HISTORY_MAX, sizeof(*entries));
	struct json *config = jv_load(text, len, e);
	struct splice s = { 0 };
	struct span span;
	int r = 0;

	if (config && find_below(config, drops, known, n, entries)) {
		if (span_path(text, "rootfs.diff_ids", &span))
			splice_drop_items(&s, text, span, drops, n);
		if (span_path(text, "history", &span))
			splice_drop_items(&s, text, span, entries, HISTORY_MAX);
		splice_apply(&s, text, len, out);
		r = 1;
	}
	splice_done(&s);
	jv_free(config);
	return config ? r : e ? e->code : -EBADMSG;
}

/* The JSON of the comment that a builder makes of a base. */
static void base_comment(struct buf *out, const char *name)
{
	auto_buf text = { 0 };

	buf_addf(&text, "FROM %s", name);
	splice_quote(out, buf_text(&text));
}

static void rename_base(struct splice *s, const char *text, struct span comment, const struct config_base *base)
{
	auto_buf from = { 0 }, to = { 0 };

	base_comment(&from, base->from);
	base_comment(&to, base->to);
	if (from.len == comment.len && !memcmp(text + comment.at, from.data, from.len))
		splice_replace(s, comment, buf_text(&to));
}

void config_rename_bases(const char *text, size_t len, const struct config_base *bases, size_t n, struct buf *out)
{
	struct span history, item = { 0 }, comment;
	struct splice s = { 0 };

	if (span_path(text, "history", &history))
		while (span_next(text, history, &item))
			for (size_t i = 0; i < n && span_member(text, item, "comment", &comment); i++)
				rename_base(&s, text, comment, &bases[i]);
	splice_apply(&s, text, len, out);
	splice_done(&s);
}
