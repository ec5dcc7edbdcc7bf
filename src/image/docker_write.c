// SPDX-License-Identifier: MIT
/* An image out of whatever it lies in, as an archive of docker save. */
#include "image/docker_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "image/splice.h"
#include "image/tar_write.h"
#include "image/tmpfile.h"

enum { CHUNK = 128 * 1024, NAME_MAX_LEN = 64 + 16 };

/* A layer's tar in a file without a name, and its digest. */
struct unpacked {
	int fd;
	uint64_t size;
	char digest[DIGEST_TEXT];
};

static int copy_all(struct source *source, struct unpacked *ret)
{
	auto_free char *chunk = mem_new(1, CHUNK);
	struct digest_state *state = digest_begin();
	ssize_t n = 0;
	int r = 0;

	while (!r && (n = source_read(source, chunk, CHUNK)) > 0) {
		digest_add(state, chunk, (size_t)n);
		r = fd_write(ret->fd, chunk, (size_t)n);
		ret->size += (uint64_t)n;
	}
	digest_end(state, ret->digest);
	return r ? r : (int)MIN_OF(n, 0);
}

static void layer_path(const char *diff_id, char ret[NAME_MAX_LEN])
{
	snprintf(ret, NAME_MAX_LEN, "%s/layer.tar", diff_id + strlen("sha256:"));
}

static int unpack(const struct docker_request *request, const char *name, struct unpacked *ret, struct err *e)
{
	__attribute__((cleanup(member_done))) struct member member = MEMBER_INIT;
	struct source *source;
	const char *codec;
	int r = bundle_find(request->bundle, name, &member, e);

	if (r)
		return r;
	source = source_decode(source_range(member.fd, member.offset, member.size), &codec, e);
	if (!source)
		return e ? e->code : -EBADMSG;
	ret->fd = image_tmpfile(request->tmpdir);
	progress_begin("unpacking", member.size);
	r = ret->fd < 0 ? err_sys(e, ret->fd, "cannot make a temporary file in %s", request->tmpdir)
			: copy_all(source, ret);
	progress_end();
	source_free(source);
	if (r == -EBADMSG)
		return err_set(e, r, "%s: truncated or corrupt", name);
	if (r == -E2BIG)
		return err_set(e, r, "%s: decompresses to more than %d times its size", name, SOURCE_RATIO_MAX);
	return r && e && !e->code ? err_sys(e, r, "cannot unpack %s", name) : r;
}

/* Layers are unpacked beside the archive first: the header before a member has its size. */
static int add_layer(const struct docker_request *request, const char *name, const char *diff_id, int to, struct err *e)
{
	struct unpacked layer = { .fd = -1 };
	char path[NAME_MAX_LEN];
	struct tar_entry entry = { .path = path, .type = TAR_FILE, .mode = 0644 };
	int r = unpack(request, name, &layer, e);

	layer_path(diff_id, path);
	entry.size = layer.size;
	if (!r && strcmp(layer.digest, diff_id))
		r = err_set(e, -EBADMSG, "%s: its content is not what the config says", name);
	if (!r && (r = tar_write_range(to, &entry, layer.fd, 0)))
		err_sys(e, r, "cannot write the archive");
	cleanup_fd(&layer.fd);
	return r;
}

static int add_layers(
	const struct docker_request *request, const struct buf *config, struct buf *names, int to, struct err *e)
{
	auto_json *json = jv_load(buf_text(config), config->len, e);
	const struct json *diff_ids = jv_get(jv_get(json, "rootfs"), "diff_ids");
	int r = json ? 0 : e ? e->code : -EBADMSG;

	for (size_t i = 0; !r && i < request->image->n_layers; i++) {
		const char *diff_id = jv_as_text(jv_at(diff_ids, i));
		char path[NAME_MAX_LEN];

		if (!diff_id || !digest_is_valid(diff_id))
			return err_set(e, -EBADMSG, "a diff_id that is not sha256 with 64 lower-case digits");
		layer_path(diff_id, path);
		if (!strstr(buf_text(names), path)) /* a layer may be there twice, its member may not */
			r = add_layer(request, request->image->layers[i], diff_id, to, e);
		buf_addf(names, "%s\"%s\"", names->len ? "," : "", path);
	}
	return r;
}

static void set_label(const struct docker_request *request, const struct buf *text, struct buf *out)
{
	struct span whole = span_whole(buf_text(text)), span;
	auto_buf architecture = { 0 }, variant = { 0 };
	bool has_variant = request->variant && *request->variant;
	struct splice s = { 0 };

	splice_quote(&architecture, request->architecture);
	splice_quote(&variant, has_variant ? request->variant : "");
	if (span_member(buf_text(text), whole, "architecture", &span))
		splice_replace(&s, span, buf_text(&architecture));
	if (span_member(buf_text(text), whole, "variant", &span) && has_variant)
		splice_replace(&s, span, buf_text(&variant));
	else if (has_variant)
		splice_add_member(&s, buf_text(text), whole, "variant", buf_text(&variant));
	else
		splice_drop_member(&s, buf_text(text), whole, "variant");
	splice_apply(&s, buf_text(text), text->len, out);
	splice_done(&s);
}

static int find_config(const struct docker_request *request, struct buf *out, char digest[DIGEST_TEXT], struct err *e)
{
	auto_buf text = { 0 };
	int r = bundle_text(request->bundle, request->image->config_name, &text, e);

	if (r)
		return r;
	digest_text(buf_text(&text), text.len, digest);
	if (strcmp(digest, request->image->config_digest))
		return err_set(e, -EBADMSG, "%s has changed", request->image->config_name);
	if (request->architecture) {
		set_label(request, &text, out);
	} else {
		*out = text;
		text = (struct buf){ 0 };
	}
	digest_text(buf_text(out), out->len, digest);
	return 0;
}

int docker_write(const struct docker_request *request, int to, struct err *e)
{
	auto_buf config = { 0 }, names = { 0 }, tags = { 0 }, manifest = { 0 };
	char name[NAME_MAX_LEN], digest[DIGEST_TEXT];
	struct tar_entry document = { .path = name, .type = TAR_FILE, .mode = 0644 };
	int r = find_config(request, &config, digest, e);

	if (!r)
		r = add_layers(request, &config, &names, to, e);
	if (r)
		return r;
	snprintf(name, sizeof(name), "%s.json", digest + strlen("sha256:"));
	for (size_t i = 0; i < request->n_tags; i++)
		buf_addf(&tags, "%s\"%s\"", i ? "," : "", request->tags[i]);
	buf_addf(&manifest, "[{\"Config\":\"%s\",\"RepoTags\":[%s],\"Layers\":[%s]}]", name, buf_text(&tags),
		buf_text(&names));
	r = tar_write_text(to, &document, &config);
	if (!r) {
		snprintf(name, sizeof(name), "manifest.json");
		r = tar_write_text(to, &document, &manifest);
	}
	if (!r)
		r = tar_write_end(to);
	return r ? err_sys(e, r, "cannot write the archive") : 0;
}

int docker_config(const struct docker_request *request, struct buf *out, struct err *e)
{
	char digest[DIGEST_TEXT];

	return find_config(request, out, digest, e);
}
