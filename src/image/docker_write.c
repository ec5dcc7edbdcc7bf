// SPDX-License-Identifier: MIT
/* Writes an image of any format as an archive of docker save. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "image/splice.h"
#include "image/tmpfile.h"
#include "image/write.h"

enum { CHUNK = 128 * 1024, NAME_MAX_LEN = 64 + 16 };

/* Decompresses a layer to an unnamed file owned by ret, and verifies its diff_id. */
static int unpack(const struct write_image *image, size_t layer, const char *diff_id, struct member *ret, struct err *e)
{
	const char *name = image->image->layers[layer], *codec;
	auto_with(member_done) struct member member = MEMBER_INIT;
	auto_free char *chunk = mem_new(1, CHUNK);
	struct digest_state *state;
	char digest[DIGEST_TEXT];
	struct source *source;
	ssize_t n = 0;
	int r = bundle_find(image->bundle, name, &member, e);

	if (r)
		return r;
	ret->fd = ret->owned = image_tmpfile();
	if (ret->fd < 0)
		return err_sys(e, ret->fd, "cannot make a temporary file in %s", image_tmpdir());
	source = source_decode(source_range(member.fd, member.offset, member.size), &codec, e);
	if (!source)
		return e ? e->code : -EBADMSG;
	state = digest_begin();
	progress_begin("unpacking", member.size);
	while (!r && (n = source_read(source, chunk, CHUNK)) > 0) {
		digest_add(state, chunk, (size_t)n);
		r = fd_write(ret->fd, chunk, (size_t)n);
		ret->size += (uint64_t)n;
	}
	progress_end();
	digest_end(state, digest);
	source_free(source);
	r = r ? r : (int)MIN_OF(n, 0);
	if (r == -EBADMSG)
		return err_set(e, r, "%s: truncated or corrupt", name);
	if (r == -E2BIG)
		return err_set(e, r, "%s: decompresses to more than %d times its size", name, SOURCE_RATIO_MAX);
	if (r)
		return err_sys(e, r, "cannot unpack %s", name);
	return strcmp(digest, diff_id) ? err_set(e, -EBADMSG, "%s: its content does not match the config", name) : 0;
}

/* Layers are decompressed to temporary files first: a tar header needs the size of its member. */
static int add_layers(const struct write_image *image, const struct buf *config, struct buf *names,
	struct outlet *outlet, struct err *e)
{
	auto_json *json = jv_load(buf_text(config), config->len, e);
	const struct json *diff_ids = jv_get(jv_get(json, "rootfs"), "diff_ids");
	int r = json ? 0 : e ? e->code : -EBADMSG;

	for (size_t i = 0; !r && i < image->image->n_layers; i++) {
		const char *diff_id = jv_as_text(jv_at(diff_ids, i));
		auto_with(member_done) struct member layer = MEMBER_INIT;
		char path[NAME_MAX_LEN];

		if (!diff_id || !digest_is_valid(diff_id))
			return err_set(e, -EBADMSG, "a diff_id that is not sha256 with 64 lower-case digits");
		snprintf(path, sizeof(path), "%s/layer.tar", diff_id + strlen("sha256:"));
		if (!strstr(buf_text(names), path)) { /* an image may list a layer twice; its member is written once */
			r = unpack(image, i, diff_id, &layer, e);
			r = r ? r : outlet_part(outlet, path, &layer, e);
		}
		buf_addf(names, "%s\"%s\"", names->len ? "," : "", path);
	}
	return r;
}

int write_config(const struct write_image *image, struct buf *out, struct err *e)
{
	auto_buf config = { 0 }, architecture = { 0 }, variant = { 0 };
	bool has_variant = image->relabels && *image->variant;
	struct span whole, span;
	struct splice s = { 0 };
	const char *text;
	int r = model_config(image->bundle, image->image, image->relabels ? &config : out, e);

	if (r || !image->relabels)
		return r;
	text = buf_text(&config);
	whole = span_whole(text);
	splice_quote(&architecture, image->architecture);
	splice_quote(&variant, image->variant);
	if (span_member(text, whole, "architecture", &span))
		splice_replace(&s, span, buf_text(&architecture));
	if (has_variant && span_member(text, whole, "variant", &span))
		splice_replace(&s, span, buf_text(&variant));
	else if (has_variant)
		splice_add_member(&s, text, whole, "variant", buf_text(&variant));
	else
		splice_drop_member(&s, text, whole, "variant");
	splice_apply(&s, text, config.len, out);
	splice_done(&s);
	return 0;
}

int docker_write(const struct write_image *image, struct outlet *outlet, struct err *e)
{
	auto_buf config = { 0 }, names = { 0 }, manifest = { 0 };
	char name[NAME_MAX_LEN], digest[DIGEST_TEXT];
	int r = write_config(image, &config, e);

	if (!r)
		r = add_layers(image, &config, &names, outlet, e);
	if (r)
		return r;
	digest_text(buf_text(&config), config.len, digest);
	snprintf(name, sizeof(name), "%s.json", digest + strlen("sha256:"));
	buf_addf(&manifest, "[{\"Config\":\"%s\",\"RepoTags\":[", name);
	for (size_t i = 0; i < image->n_tags; i++) {
		buf_adds(&manifest, i ? "," : "");
		splice_quote(&manifest, image->tags[i]);
	}
	buf_addf(&manifest, "],\"Layers\":[%s]}]", buf_text(&names));
	r = outlet_document(outlet, name, &config, e);
	if (!r)
		r = outlet_document(outlet, "manifest.json", &manifest, e);
	return r ? r : outlet_end(outlet, e);
}
