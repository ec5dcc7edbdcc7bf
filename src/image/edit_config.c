// SPDX-License-Identifier: MIT
/* Adds a layer to an image's config or removes it, and the mark that identifies an injected layer. */
#include "image/edit_config.h"

#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/model.h"
#include "image/splice.h"

int config_append(const struct buf *config, const struct graft *graft, struct buf *out, struct err *e)
{
	const char *text = buf_text(config);
	auto_buf diff_id = { 0 }, command = { 0 }, entry = { 0 }, mark = { 0 };
	char digest[DIGEST_TEXT], created[32] = "1970-01-01T00:00:00Z";
	time_t seconds = (time_t)graft->time;
	struct splice s = { 0 };
	struct tm tm;
	struct span span;

	if (!span_path(text, "rootfs.diff_ids", &span) || text[span.at] != '[')
		return err_set(e, -EBADMSG, "the image's config has no list of diff_ids");
	if (span_path(text, MARK_KEY, &(struct span){ 0 })) {
		err_set(e, -EEXIST, "its config was changed after an emulator was injected");
		return err_hint(e, "inject into the image that it was made from");
	}
	buf_addf(&diff_id, "\"%s\"", graft->diff_id);
	splice_items(&s, text, span, (struct splice_flags){ 0 }, buf_text(&diff_id));
	digest_text(text, config->len, digest);
	if (gmtime_r(&seconds, &tm))
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(&command, "anyarch %s /%s", graft->hides ? "eject" : "inject", graft->path);
	buf_addf(&entry, "{\"created\":\"%s\",\"created_by\":", created);
	splice_quote(&entry, buf_text(&command));
	if (!graft->hides)
		buf_addf(&entry, ",\"comment\":\"" MARK_TEXT "%s %s\"", graft->diff_id, digest);
	buf_adds(&entry, "}");
	if (span_path(text, "history", &span) && text[span.at] == '[') {
		splice_items(&s, text, span, (struct splice_flags){ 0 }, buf_text(&entry));
	} else {
		/* Readers must ignore unknown members (image-spec config.md); a history must not be made up. */
		buf_addf(&mark, "\"" MARK_TEXT "%s %s\"", graft->diff_id, digest);
		splice_add_member(&s, text, span_whole(text), MARK_KEY, buf_text(&mark));
	}
	splice_apply(&s, text, config->len, out);
	splice_done(&s);
	return 0;
}

int config_drop(const struct buf *was, struct buf *out, struct err *e)
{
	const char *text = buf_text(was);
	struct json *config = jv_load(text, was->len, e);
	bool in_history;
	const char *mark = config ? mark_find(config, &in_history) : NULL;
	char digest[DIGEST_TEXT];
	struct splice s = { 0 };
	struct span span;
	int r = 0;

	if (mark && span_path(text, "rootfs.diff_ids", &span)) {
		splice_drop_last(&s, text, span);
		if (in_history && span_path(text, "history", &span))
			splice_drop_last(&s, text, span);
		if (!in_history)
			splice_drop_member(&s, text, span_whole(text), MARK_KEY);
		splice_apply(&s, text, was->len, out);
		digest_text(buf_text(out), out->len, digest);
		r = !strcmp(digest, mark);
	}
	splice_done(&s);
	jv_free(config);
	return config ? r : e ? e->code : -EBADMSG;
}

int config_put(const struct buf *text, const struct graft *graft, struct buf *out, bool *ret_replaces, struct err *e)
{
	auto_buf below = { 0 };
	int r = config_drop(text, &below, e);
	auto_json *config = r ? NULL : jv_load(buf_text(text), text->len, NULL);
	bool in_history;

	if (config && mark_find(config, &in_history)) {
		err_set(e, -EBADMSG, "its config was changed after an emulator was injected");
		return err_hint(e, "inject into the image that it was made from");
	}
	*ret_replaces = r > 0;
	return r < 0 ? r : config_append(r ? &below : text, graft, out, e);
}

enum { HISTORY_MAX = 4096 };

/*
 * Finds the history entries to remove: those with a mark for a flagged layer. If a layer occurs twice, the later entry
 * belongs to the upper one. Clears the flags of other layers, returns how many remain. The history may have other
 * entries than one for each layer.
 */
static size_t find_marked(const struct json *config, const struct config_layers *layers, bool entries[HISTORY_MAX])
{
	const struct json *history = jv_get(config, "history"),
			  *diff_ids = jv_get(jv_get(config, "rootfs"), "diff_ids");
	size_t n = MIN_OF(layers->n, (size_t)MODEL_LAYERS_MAX), told = 0, count = 0;
	bool found[MODEL_LAYERS_MAX] = { false };

	for (size_t i = MIN_OF(jv_count(history), (size_t)HISTORY_MAX); i-- > 0;) {
		const char *mark = jv_get_text(jv_at(history, i), "comment");
		size_t layer = n;

		while (layer-- > 0)
			if (layers->flags[layer] && !found[layer] &&
				mark_read(mark, jv_as_text(jv_at(diff_ids, layer))))
				break;
		if (layer < n) {
			entries[i] = found[layer] = true;
			count++;
		}
	}
	/* The history covers this many layers from the top (image-spec config.md, "empty_layer"). */
	for (size_t i = 0; i < jv_count(history); i++)
		told += !jv_is_true(jv_get(jv_at(history, i), "empty_layer"));
	for (size_t i = 0; layers->known && i < n && i + told < jv_count(diff_ids); i++)
		if (layers->flags[i] && layers->known[i] && !found[i]) {
			found[i] = true;
			count++;
		}
	memcpy(layers->flags, found, n * sizeof(*found));
	return count;
}

int config_drop_marked(const struct buf *text, const struct config_layers *layers, struct buf *out, struct err *e)
{
	auto_free bool *entries = mem_new(HISTORY_MAX, sizeof(*entries));
	auto_json *config = jv_load(buf_text(text), text->len, e);
	struct splice s = { 0 };
	struct span span;
	int n;

	if (!config)
		return e ? e->code : -EBADMSG;
	n = (int)find_marked(config, layers, entries);
	if (span_path(buf_text(text), "rootfs.diff_ids", &span))
		splice_items(&s, buf_text(text), span, (struct splice_flags){ layers->flags, layers->n }, NULL);
	if (span_path(buf_text(text), "history", &span))
		splice_items(&s, buf_text(text), span, (struct splice_flags){ entries, HISTORY_MAX }, NULL);
	splice_apply(&s, buf_text(text), text->len, out);
	splice_done(&s);
	return n;
}

void config_rename_bases(const struct buf *config, const struct config_base *bases, size_t n, struct buf *out)
{
	const char *text = buf_text(config);
	struct span history, item = { 0 }, comment;
	struct splice s = { 0 };

	if (span_path(text, "history", &history))
		while (span_next(text, history, &item))
			for (size_t i = 0; i < n && span_member(text, item, "comment", &comment); i++) {
				/* The comment that builders write for a base image. */
				auto_free char *from = mem_print("FROM %s", bases[i].from);
				auto_free char *to = mem_print("FROM %s", bases[i].to);
				auto_buf was = { 0 }, is = { 0 };

				splice_quote(&was, from);
				splice_quote(&is, to);
				if (was.len == comment.len && !memcmp(text + comment.at, was.data, was.len))
					splice_replace(&s, comment, buf_text(&is));
			}
	splice_apply(&s, text, config->len, out);
	splice_done(&s);
}
