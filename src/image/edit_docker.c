// SPDX-License-Identifier: MIT
/* Plans changes of docker save's schema: layers in manifest.json, and the config under its new name. */
#include "image/edit.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"

/* manifest.json and its pending changes. */
struct change {
	const struct edit_request *request;
	struct edit *edit;
	struct buf text;
	struct splice splice;
};

static void change_layers(
	struct change *c, const struct edit_target *target, const struct json *layers, struct span span)
{
	const struct graft *graft = target->graft;
	size_t n = jv_count(layers);
	auto_buf name = { 0 }, quoted = { 0 };

	for (size_t i = 0; i < n; i++)
		if (i < target->n_layers && target->drops[i])
			edit_add_obsolete(c->edit, jv_as_text(jv_at(layers, i)));
	if (graft) {
		const char *other = n ? jv_as_text(jv_at(layers, n - 1)) : NULL,
			   *hex = graft->digest + strlen("sha256:");

		/* Follows the archive's naming of layers: three generations of docker save, and podman. */
		if (other && str_starts(other, "blobs/sha256/"))
			buf_addf(&name, "blobs/sha256/%s", hex);
		else
			buf_addf(&name, "%s%s", hex, other && str_ends(other, "/layer.tar") ? "/layer.tar" : ".tar");
		splice_quote(&quoted, buf_text(&name));
		edit_add_layer(c->edit, buf_text(&name), graft);
	}
	edit_layers(target, &c->splice, buf_text(&c->text), span, buf_text(&quoted));
}

/* Changes Config and Layers of one image, the item at span. */
static int change_image(struct change *c, const struct json *item, struct span span, struct err *e)
{
	const char *config = jv_get_text(item, "Config"), *text = buf_text(&c->text);
	auto_buf old = { 0 }, name = { 0 }, quoted = { 0 };
	char was[DIGEST_TEXT], is[DIGEST_TEXT];
	struct span config_span, layers_span;
	const struct edit_target *target;
	int r = bundle_text(c->request->bundle, config, &old, e);
	const char *hex;

	if (r)
		return r;
	digest_text(buf_text(&old), old.len, was);
	target = edit_find(c->request->targets, c->request->n, was);
	if (!target)
		return 0;
	if (!span_member(text, span, "Config", &config_span) || !span_member(text, span, "Layers", &layers_span))
		return err_sys(e, -EBADMSG, "cannot change the image");
	digest_text(buf_text(&target->config), target->config.len, is);
	/* In a name that contains the hex digits of the old digest, they are replaced by the new ones. */
	hex = strstr(config, was + strlen("sha256:"));
	if (hex && !strpbrk(config, "\"\\\b\f\n\r\t"))
		buf_addf(&name, "%.*s%s%s", (int)(hex - config), config, is + strlen("sha256:"),
			hex + strlen(was) - strlen("sha256:"));
	else
		buf_addf(&name, "%s.json", is + strlen("sha256:"));
	splice_quote(&quoted, buf_text(&name));
	splice_replace(&c->splice, config_span, buf_text(&quoted));
	change_layers(c, target, jv_get(item, "Layers"), layers_span);
	edit_add_config(c->edit, buf_text(&name), target);
	edit_add_obsolete(c->edit, config);
	return 0;
}

int edit_docker(const struct edit_request *request, struct edit *edit, struct err *e)
{
	struct change c = { .request = request, .edit = edit };
	auto_json *manifest = NULL;
	int r = bundle_json(request->bundle, "manifest.json", &c.text, &manifest, e);
	struct span item = { 0 }, whole = span_whole(buf_text(&c.text));
	auto_buf out = { 0 };

	for (size_t i = 0; !r && span_next(buf_text(&c.text), whole, &item); i++) {
		const struct json *tags = jv_get(jv_at(manifest, i), "RepoTags");
		bool is_chosen = !request->reference;

		/* All tags of an image share one entry of manifest.json and change together. */
		for (size_t k = 0; !is_chosen && k < jv_count(tags); k++)
			is_chosen = model_is_named(jv_as_text(jv_at(tags, k)), request->reference);
		if (is_chosen)
			r = change_image(&c, jv_at(manifest, i), item, e);
	}
	if (!r && c.splice.n) {
		splice_apply(&c.splice, buf_text(&c.text), c.text.len, &out);
		edit_add_document(edit, "manifest.json", &out);
	}
	splice_done(&c.splice);
	buf_done(&c.text);
	return r;
}
