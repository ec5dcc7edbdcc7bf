// SPDX-License-Identifier: MIT
/* All layers of a bundle's images, each read once. */
#include "image/store.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/layer_read.h"

enum { AT_ONCE = 32 }; /* maximum number of open layers: file descriptors are limited */

size_t store_find(const struct store *store, const char *name)
{
	size_t i = 0;

	while (i < store->n && strcmp(store->names[i], name))
		i++;
	return i;
}

size_t store_add(struct store *store, const char *name)
{
	size_t at = store_find(store, name);

	if (at < store->n)
		return at;
	store->names = mem_more(store->names, store->n, sizeof(*store->names));
	store->names[store->n++] = name;
	return at;
}

/* Opens a layer. A missing one (foreign, or not pulled) is not an error. */
static int open_layer(const struct store *store, size_t i, struct layer_source *ret, struct err *e)
{
	const char *name = store->names[i];
	int r = bundle_find(store->bundle, name, &ret->member, e);

	store->files[i] = (struct store_file){ !r, ret->member.size };
	if (store->are_blobs && str_starts(name, BUNDLE_BLOBS) &&
		(snprintf(ret->digest, DIGEST_TEXT, "sha256:%s", name + strlen(BUNDLE_BLOBS)) >= DIGEST_TEXT ||
			!digest_is_valid(ret->digest)))
		*ret->digest = '\0';
	ret->programs = (const char *const *)store->programs;
	ret->n_programs = store->n_programs;
	if (!r || r == -ENOENT)
		err_done(e);
	return r == -ENOENT ? 0 : r;
}

int store_read(struct store *store, struct err *e)
{
	int r = 0;

	store->files = mem_new(store->n + 1, sizeof(*store->files));
	store->layers = mem_new(store->n + 1, sizeof(*store->layers));
	for (size_t from = 0; !r && from < store->n; from += AT_ONCE) {
		size_t n = MIN_OF(store->n - from, (size_t)AT_ONCE);
		struct layer_source sources[AT_ONCE];

		for (size_t i = 0; i < n; i++)
			sources[i] = (struct layer_source){ .member = MEMBER_INIT };
		for (size_t i = 0; !r && i < n; i++)
			r = open_layer(store, from + i, &sources[i], e);
		if (!r)
			layer_read_all(sources, store->layers + from, n);
		for (size_t i = 0; i < n; i++)
			member_done(&sources[i].member);
	}
	return r;
}

int store_look(struct store *store, const struct view *view, const char *path, struct err *e)
{
	struct layer_source source = { .member = MEMBER_INIT };
	char resolved[VIEW_PATH_MAX];
	struct layer_program program;
	struct layer *layer;
	struct view_hit hit;
	int r;

	if (view_resolve(view, path, &hit, resolved) || !layer_program(hit.layer, hit.entry))
		return 0;
	layer = &store->layers[hit.layer - store->layers];
	program = *layer_program(layer, hit.entry);
	if (program.is_looked_into)
		return 0;
	program.is_wanted = true;
	layer_set_program(layer, hit.entry, &program);
	r = open_layer(store, (size_t)(layer - store->layers), &source, e);
	if (!r)
		r = layer_look_again(&source, layer, e);
	member_done(&source.member);
	return r;
}

void store_done(struct store *store)
{
	for (size_t i = 0; store->layers && i < store->n; i++)
		layer_done(&store->layers[i]);
	mem_free_texts(store->programs, store->n_programs);
	free(store->names);
	free(store->files);
	free(store->layers);
}
