// SPDX-License-Identifier: MIT
/* An image's config with a layer more or less, and the mark by which ours is known again. */
#include "image/edit_config.h"

#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"
#include "image/splice.h"

#define MARK "anyarch-inject 1 "

static void quote(struct buf *out, const char *text)
{
	auto_buf safe = { 0 };

	str_escape(&safe, text, strlen(text));
	buf_adds(out, "\"");
	for (const char *p = buf_text(&safe); *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_adds(out, "\\");
		buf_add(out, p, 1);
	}
	buf_adds(out, buf_ok(&safe) ? "\"" : "");
}

static void history_entry(struct buf *out, const struct graft *graft, const char *digest)
{
	auto_buf command = { 0 };
	time_t seconds = (time_t)graft->time;
	char created[32] = "1970-01-01T00:00:00Z";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(&command, "anyarch inject /%s", graft->path);
	buf_addf(out, "{\"created\":\"%s\",\"created_by\":", created);
	quote(out, buf_text(&command));
	buf_addf(out, ",\"comment\":\"" MARK "%s %s\"}", graft->diff_id, digest);
}

int config_append(const char *text, size_t len, const struct graft *graft, struct buf *out, struct err *e)
{
	auto_buf diff_id = { 0 }, entry = { 0 };
	char digest[DIGEST_TEXT];
	struct splice s = { 0 };
	struct span span;
	int r;

	if (!span_path(text, len, "rootfs.diff_ids", &span) || text[span.at] != '[')
		return err_set(e, -EBADMSG, "the image's config has no list of diff_ids");
	buf_addf(&diff_id, "\"%s\"", graft->diff_id);
	splice_append(&s, text, span, buf_text(&diff_id));
	digest_text(text, len, digest);
	history_entry(&entry, graft, digest);
	if (span_path(text, len, "history", &span) && text[span.at] == '[')
		splice_append(&s, text, span, buf_text(&entry));
	r = buf_ok(&diff_id) && buf_ok(&entry) ? splice_apply(&s, text, len, out) : -ENOMEM;
	splice_done(&s);
	return r ? err_sys(e, r, "cannot change the image's config") : 0;
}

/* The mark of the last entry, if it is one of ours and for the topmost layer. NULL. */
static const char *find_mark(const struct json *config)
{
	const struct json *history = jv_get(config, "history"), *diff_ids = jv_get(jv_get(config, "rootfs"), "diff_ids");
	const char *comment, *top;

	if (!jv_count(history) || !jv_count(diff_ids))
		return NULL;
	comment = jv_get_text(jv_at(history, jv_count(history) - 1), "comment");
	top = jv_as_text(jv_at(diff_ids, jv_count(diff_ids) - 1));
	if (!comment || !top || !str_starts(comment, MARK))
		return NULL;
	comment += strlen(MARK);
	if (!str_starts(comment, top) || comment[strlen(top)] != ' ')
		return NULL;
	return digest_is_valid(comment + strlen(top) + 1) ? comment + strlen(top) + 1 : NULL;
}

int config_drop(const char *text, size_t len, struct buf *out, struct err *e)
{
	struct json *config = jv_load(text, len, e);
	const char *mark = config ? find_mark(config) : NULL;
	char digest[DIGEST_TEXT];
	struct splice s = { 0 };
	struct span span;
	int r = 0;

	if (mark && span_path(text, len, "rootfs.diff_ids", &span)) {
		splice_drop_last(&s, text, span);
		if (span_path(text, len, "history", &span))
			splice_drop_last(&s, text, span);
		r = splice_apply(&s, text, len, out);
		digest_text(buf_text(out), out->len, digest);
		r = r ? err_sys(e, r, "cannot change the image's config") : !strcmp(digest, mark);
	}
	splice_done(&s);
	jv_free(config);
	return config ? r : e ? e->code : -EBADMSG;
}
