// SPDX-License-Identifier: MIT
/* The documents of an image file: what the schemas of OCI and of docker save share. */
#include "image/model.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/reference.h"

const char *const model_format_words[] = { "docker-archive", "oci", "oci-archive", "oci-archive and docker-archive" };

struct model_image *model_add(struct model *model, struct err *e)
{
	if (model->n == MODEL_IMAGES_MAX) {
		err_set(e, -E2BIG, "more than %d images", MODEL_IMAGES_MAX);
		return NULL;
	}
	model->images = mem_more(model->images, model->n, sizeof(*model->images));
	model->images[model->n] = (struct model_image){ 0 };
	return &model->images[model->n++];
}

int model_add_document(struct model *model, uint64_t size, struct err *e)
{
	model->bytes += size;
	return ++model->documents <= MODEL_DOCUMENTS_MAX && model->bytes <= MODEL_DOCUMENTS_BYTES_MAX
		       ? 0
		       : err_set(e, -E2BIG, "more than %d documents or %d MiB of them in the image",
				 MODEL_DOCUMENTS_MAX, MODEL_DOCUMENTS_BYTES_MAX >> 20);
}

int model_copy_text(char **target, const char *text, struct err *e)
{
	if (!text)
		return 0;
	if (strlen(text) > MODEL_TEXT_MAX)
		return err_set(e, -E2BIG, "a name of more than %d bytes in the image", MODEL_TEXT_MAX);
	free(*target);
	*target = mem_text(text);
	return 0;
}

/* Go's JSON parser ignores the case of keys, others do not: they would find another platform or other layers. */
static int check_keys(const struct json *config, struct err *e)
{
	static const struct {
		const char *object, *key;
	} keys[] = { { NULL, "architecture" }, { NULL, "os" }, { NULL, "variant" }, { NULL, "rootfs" },
		{ NULL, "config" }, { NULL, "history" }, { "rootfs", "diff_ids" }, { "config", "Entrypoint" },
		{ "config", "Cmd" }, { "config", "Env" } };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (jv_has_case_variant(keys[i].object ? jv_get(config, keys[i].object) : config, keys[i].key))
			return err_set(e, -EBADMSG, "the image's config has a key that some readers take for '%s'",
				keys[i].key);
	return 0;
}

/* The string, or the first one of an array, to be freed; NULL if it is empty or too long for a path. */
static char *path_of(const struct json *value)
{
	const char *text = jv_as_text(jv_is_array(value) ? jv_at(value, 0) : value);

	return text && *text && strlen(text) < MODEL_PATH_MAX ? mem_text(text) : NULL;
}

const char *mark_read(const char *mark, const char *top)
{
	if (!mark || !top || !str_starts(mark, MARK_TEXT))
		return NULL;
	mark += strlen(MARK_TEXT);
	if (!str_starts(mark, top) || mark[strlen(top)] != ' ')
		return NULL;
	return digest_is_valid(mark + strlen(top) + 1) ? mark + strlen(top) + 1 : NULL;
}

const char *mark_find(const struct json *config, bool *ret_in_history)
{
	const struct json *history = jv_get(config, "history"),
			  *diff_ids = jv_get(jv_get(config, "rootfs"), "diff_ids");
	size_t n = jv_count(history), layers = jv_count(diff_ids);
	const char *top = layers ? jv_as_text(jv_at(diff_ids, layers - 1)) : NULL;

	*ret_in_history = n > 0;
	return mark_read(n ? jv_get_text(jv_at(history, n - 1), "comment") : jv_get_text(config, MARK_KEY), top);
}

int model_read_config(const struct json *config, struct model_image *image, size_t *ret_layers, struct err *e)
{
	const struct json *rootfs = jv_get(config, "rootfs");
	const struct json *diff_ids = jv_get(rootfs, "diff_ids");
	const struct json *run = jv_get(config, "config"), *env = jv_get(run, "Env");
	const char *search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	bool in_history;
	int r;

	if (!jv_is_object(config) || !jv_is_object(rootfs))
		return err_set(e, -EBADMSG, "the image's config has no rootfs");
	if (diff_ids && !jv_is_array(diff_ids))
		return err_set(e, -EBADMSG, "the image's config has diff_ids that are not a list");
	r = check_keys(config, e);
	if (!r)
		r = model_copy_text(&image->os, jv_get_text(config, "os"), e);
	if (!r)
		r = model_copy_text(&image->architecture, jv_get_text(config, "architecture"), e);
	if (!r)
		r = model_copy_text(&image->variant, jv_get_text(config, "variant"), e);
	if (!r && jv_count(diff_ids))
		r = model_copy_text(&image->top_id, jv_as_text(jv_at(diff_ids, jv_count(diff_ids) - 1)), e);
	/* image-spec config.md: the programs that are started, and where they are searched for. */
	for (size_t i = 0; i < jv_count(env); i++)
		if (jv_as_text(jv_at(env, i)) && !strncmp(jv_as_text(jv_at(env, i)), "PATH=", 5))
			search = jv_as_text(jv_at(env, i)) + 5;
	image->starts[0] = path_of(jv_get(run, "Entrypoint"));
	image->starts[1] = path_of(jv_get(run, "Cmd"));
	image->search = strlen(search) < MODEL_PATH_MAX ? mem_text(search) : NULL;
	image->directory = path_of(jv_get(run, "WorkingDir"));
	image->is_grafted = mark_find(config, &in_history);
	*ret_layers = jv_count(diff_ids);
	return r;
}

int model_config(const struct bundle *bundle, const struct model_image *image, struct buf *out, struct err *e)
{
	int r = bundle_text(bundle, image->config_name, out, e);
	char digest[DIGEST_TEXT];

	if (r)
		return r;
	digest_text(buf_text(out), out->len, digest);
	return strcmp(digest, image->config_digest) ? err_set(e, -EBADMSG, "%s has changed", image->config_name) : 0;
}

bool model_is_named(const char *have, const char *want)
{
	size_t len = strlen(want), total = have ? strlen(have) : 0;
	auto_buf full_have = { 0 }, full_want = { 0 };

	if (!have)
		return false;
	if (total > len && have[total - len - 1] == ':' && !strcmp(have + total - len, want))
		return true;
	/* "x:1" and "docker.io/library/x:1" are the same name. */
	reference_full(have, &full_have);
	reference_full(want, &full_want);
	return !strcmp(buf_text(&full_have), buf_text(&full_want));
}

void model_done(struct model *model)
{
	for (size_t i = 0; i < model->n; i++) {
		struct model_image *image = &model->images[i];

		mem_free_texts(image->layers, image->n_layers);
		mem_free_texts(image->more_references, image->n_more);
		free(image->layer_sizes);
		free(image->is_opaque);
		free(image->reference);
		free(image->digest);
		free(image->config_digest);
		free(image->config_name);
		free(image->top_id);
		free(image->subject);
		for (size_t k = 0; k < MODEL_STARTS; k++)
			free(image->starts[k]);
		free(image->search);
		free(image->directory);
		free(image->os);
		free(image->architecture);
		free(image->variant);
		free(image->index_platform);
	}
	free(model->images);
	*model = (struct model){ 0 };
}
