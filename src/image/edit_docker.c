// SPDX-License-Identifier: MIT
/* Changes of docker save's schema: a layer in manifest.json, and the config under its new name. */
#include "image/edit_docker.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/splice.h"

/* A name that holds the hex digits of the old digest has those of the new one instead. */
static void config_name(struct buf *out, const char *name, const char *was, const char *is)
{
	const char *hex = strstr(name, was + strlen("sha256:"));

	if (hex && !strpbrk(name, "\"\\\b\f\n\r\t"))
		buf_addf(out, "%.*s%s%s", (int)(hex - name), name, is + strlen("sha256:"),
			hex + strlen(was) - strlen("sha256:"));
	else
		buf_addf(out, "%s.json", is + strlen("sha256:"));
}

/* As the other layers of the archive are called: three generations of docker save, and podman. */
static void layer_name(struct buf *out, const char *other, const char *digest)
{
	const char *hex = digest + strlen("sha256:");

	if (other && str_starts(other, "blobs/sha256/"))
		buf_addf(out, "blobs/sha256/%s", hex);
	else if (other && str_ends(other, "/layer.tar"))
		buf_addf(out, "%s/layer.tar", hex);
	else
		buf_addf(out, "%s.tar", hex);
}

static void quote(struct buf *out, const struct buf *name)
{
	buf_addf(out, "\"%s\"", buf_text(name));
}

static void change_layers(const struct edit_target *target, const struct json *item, const char *text, struct span span,
	struct splice *s, struct edit *edit)
{
	const struct json *layers = jv_get(item, "Layers");
	const char *top = jv_count(layers) ? jv_as_text(jv_at(layers, jv_count(layers) - 1)) : NULL;
	auto_buf name = { 0 }, quoted = { 0 };
	const struct graft *graft = target->drops ? target->cover : target->graft;

	if (target->replaces && top)
		edit_add_obsolete(edit, top);
	for (size_t i = 0; target->drops && i < target->n_drops; i++)
		if (target->drops[i])
			edit_add_obsolete(edit, jv_as_text(jv_at(layers, i)));
	if (target->drops)
		splice_drop_items(s, text, span, target->drops, target->n_drops);
	else if (!graft)
		splice_drop_last(s, text, span);
	if (!graft)
		return;
	layer_name(&name, top, graft->digest);
	quote(&quoted, &name);
	if (target->replaces)
		splice_replace_last(s, text, span, buf_text(&quoted));
	else
		splice_append(s, text, span, buf_text(&quoted));
	edit_add_layer(edit, buf_text(&name), graft);
}

/* Config and Layers of one image. */
static int change_names(const struct edit_target *target, const struct json *item, const char *text, struct span span,
	const char *is, struct splice *s, struct edit *edit, struct buf *config)
{
	const char *was = jv_get_text(item, "Config");
	auto_buf name = { 0 }, quoted = { 0 };
	struct span value;

	config_name(&name, was, target->digest, is);
	quote(&quoted, &name);
	if (!span_member(text, span, "Config", &value))
		return -EBADMSG;
	splice_replace(s, value, buf_text(&quoted));
	if (!span_member(text, span, "Layers", &value))
		return -EBADMSG;
	change_layers(target, item, text, value, s, edit);
	edit_add_document(edit, buf_text(&name), config);
	edit_add_obsolete(edit, was);
	return 0;
}

static int change_image(const struct bundle *bundle, struct edit_target *targets, size_t n, const struct json *item,
	const char *text, struct span span, struct splice *s, struct edit *edit, struct err *e)
{
	char was[DIGEST_TEXT], is[DIGEST_TEXT];
	auto_buf config = { 0 }, changed = { 0 };
	struct edit_target *target;
	int r = bundle_text(bundle, jv_get_text(item, "Config"), &config, e);

	if (r)
		return r;
	digest_text(buf_text(&config), config.len, was);
	target = edit_find(targets, n, was);
	r = target ? edit_config(target, &config, &changed, e) : 0;
	if (r <= 0)
		return r;
	digest_text(buf_text(&changed), changed.len, is);
	r = change_names(target, item, text, span, is, s, edit, &changed);
	return r ? err_sys(e, r, "cannot change the image") : 0;
}

/* All tags of an image in manifest.json are one entry, and change together. */
static bool is_chosen(const struct json *item, const char *reference)
{
	const struct json *tags = jv_get(item, "RepoTags");
	bool is = !reference;

	for (size_t i = 0; !is && i < jv_count(tags); i++)
		is = model_is_named(jv_as_text(jv_at(tags, i)), reference);
	return is;
}

int edit_docker(const struct bundle *bundle, struct edit_target *targets, size_t n, const char *reference,
	struct edit *edit, struct err *e)
{
	auto_buf text = { 0 }, out = { 0 };
	int r = bundle_text(bundle, "manifest.json", &text, e);
	auto_json *manifest = r ? NULL : jv_load(buf_text(&text), text.len, e);
	struct span item = { 0 };
	struct splice s = { 0 };

	if (!manifest)
		return r ? r : e ? e->code : -EBADMSG;
	for (size_t i = 0; !r && span_next(buf_text(&text), span_whole(buf_text(&text)), &item); i++)
		if (is_chosen(jv_at(manifest, i), reference))
			r = change_image(bundle, targets, n, jv_at(manifest, i), buf_text(&text), item, &s, edit, e);
	if (!r && s.n) {
		splice_apply(&s, buf_text(&text), text.len, &out);
		edit_add_document(edit, "manifest.json", &out);
	}
	splice_done(&s);
	return r;
}
