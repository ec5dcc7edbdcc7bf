// SPDX-License-Identifier: MIT
/* Reads the schema of docker save: manifest.json, configs, layers by member name. */
#include "image/model.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"

static int read_config(
	const struct bundle *bundle, const char *name, struct model *model, size_t *ret_layers, struct err *e)
{
	struct model_image *image = &model->images[model->n - 1];
	auto_buf text = { 0 };
	auto_json *config = NULL;
	char digest[DIGEST_TEXT];
	int r = bundle_json(bundle, name, &text, &config, e);

	if (r)
		return r == -ENOENT ? err_set(e, -EBADMSG, "the config %s is missing", name) : r;
	r = model_add_document(model, text.len, e);
	if (r)
		return r;
	digest_text(buf_text(&text), text.len, digest);
	image->digest = mem_text(digest);
	image->config_digest = mem_text(digest);
	r = model_copy_text(&image->config_name, name, e);
	return r ? r : model_read_config(config, image, ret_layers, e);
}

static int read_tags(const struct json *tags, struct model_image *image, struct err *e)
{
	size_t n = jv_count(tags);
	int r = n ? model_copy_text(&image->reference, jv_as_text(jv_at(tags, 0)), e) : 0;

	if (r || n < 2)
		return r;
	image->more_references = mem_new(n - 1, sizeof(char *));
	for (size_t i = 1; !r && i < n && image->n_more < MODEL_IMAGES_MAX; i++) {
		r = model_copy_text(&image->more_references[image->n_more], jv_as_text(jv_at(tags, i)), e);
		image->n_more += image->more_references[image->n_more] != NULL;
	}
	return r;
}

static int read_image(const struct bundle *bundle, const struct json *item, struct model *model, struct err *e)
{
	struct model_image *image = model_add(model, e);
	const char *config = jv_get_text(item, "Config");
	const struct json *layers = jv_get(item, "Layers");
	size_t n = jv_count(layers), expected = 0;
	int r;

	if (!image)
		return e ? e->code : -E2BIG;
	if (!config)
		return err_set(e, -EBADMSG, "manifest.json names no config");
	image->top = model->n;
	r = read_tags(jv_get(item, "RepoTags"), image, e);
	if (!r)
		r = read_config(bundle, config, model, &expected, e);
	if (r)
		return r;
	if (!jv_is_array(layers) || n > MODEL_LAYERS_MAX)
		return err_set(e, -EBADMSG, "manifest.json has no list of at most %d layers", MODEL_LAYERS_MAX);
	image->layers = mem_new(n ? n : 1, sizeof(*image->layers));
	image->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		const char *name = jv_as_text(jv_at(layers, i));

		if (!name)
			return err_set(e, -EBADMSG, "manifest.json has a layer that is not a name");
		image->layers[i] = mem_text(name);
	}
	if ((model->layers += n) > MODEL_LAYERS_SUM)
		return err_set(e, -E2BIG, "more than %d layers in all", MODEL_LAYERS_SUM);
	return expected == n ? 0 : err_set(e, -EBADMSG, "manifest.json has %zu layers and the config %zu", n, expected);
}

int model_read_docker(const struct bundle *bundle, struct model *model, struct err *e)
{
	auto_json *manifest = NULL;
	int r = bundle_json(bundle, "manifest.json", NULL, &manifest, e);

	if (r)
		return r;
	if (!jv_is_array(manifest))
		return err_set(e, -EBADMSG, "manifest.json is not a list");
	for (size_t i = 0; !r && i < jv_count(manifest); i++)
		r = read_image(bundle, jv_at(manifest, i), model, e);
	return r;
}
