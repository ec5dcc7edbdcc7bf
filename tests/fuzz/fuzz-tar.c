// SPDX-License-Identifier: MIT
/* image/tar_read, layer and view over a layer whose header checksums are put right first. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "image/layer_read.h"
#include "image/tar_read.h"
#include "image/view.h"

enum { INPUT_MAX = 1 << 20, CHECKSUM = 148, SIZE = 124 };

static void put_checksum(uint8_t *block)
{
	char text[8];
	unsigned sum = 0;

	memset(block + CHECKSUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(block + CHECKSUM, text, 7);
}

/* Where the next header probably is; a wrong guess only costs an input. */
static size_t content_blocks(const uint8_t *block)
{
	char text[13] = "";
	unsigned long size;

	memcpy(text, block + SIZE, 12);
	size = strtoul(text, NULL, 8);
	return size > INPUT_MAX ? 0 : (size + TAR_BLOCK - 1) / TAR_BLOCK;
}

static void put_checksums(uint8_t *tar, size_t len)
{
	static const uint8_t zero[TAR_BLOCK];

	for (size_t at = 0; at + TAR_BLOCK <= len; at += TAR_BLOCK * (1 + content_blocks(tar + at)))
		if (memcmp(tar + at, zero, TAR_BLOCK))
			put_checksum(tar + at);
}

/* Nothing in a layer is a path that a program could open by mistake. */
static void check_path(const char *path)
{
	must(*path != '/' && !strstr(path, "//") && !strstr(path, "/./"));
	must(strcmp(path, "..") && strncmp(path, "../", 3) && !strstr(path, "/../"));
	must(!*path || path[strlen(path) - 1] != '/');
}

static void check_layer(const struct layer *layer)
{
	for (size_t i = 0; i < layer->n; i++) {
		const char *path = layer_text(layer, layer->entries[i].path);

		must(layer->entries[i].path < layer->used && layer->entries[i].link < layer->used);
		check_path(path);
		must(layer_find(layer, path, strlen(path)));
	}
	must(!layer_find(layer, "\x01no such name", 13));
}

static void look(const struct layer *layer)
{
	const struct layer *layers[] = { layer, layer };
	struct content content;
	uint64_t work = 0;

	for (size_t n = 0; n <= ARRAY_SIZE(layers); n++) {
		struct view view = { layers, n };
		char resolved[VIEW_PATH_MAX];
		struct view_hit hit;

		if (!view_resolve(&view, "/bin/sh", &hit, resolved)) {
			must(hit.entry && hit.layer && n);
			check_path(resolved);
		}
		must(!view_content(&view, &work, &content));
		content_done(&content);
	}
}

/* The reader alone, which says where each content is. */
static void read_headers(int fd, size_t len, bool is_layer)
{
	struct source *source = source_range(fd, 0, len);
	struct tar_reader reader;
	uint64_t last = 0;
	auto_err e = { 0 };
	uint8_t byte;
	int r;

	must(source);
	tar_init(&reader, source, is_layer);
	while ((r = tar_next(&reader, &e)) > 0) {
		must(reader.entry.path && reader.entry.offset >= last + TAR_BLOCK);
		must(reader.entry.offset <= len && !(reader.entry.mode & ~07777u));
		must(reader.entry.type == TAR_FILE || !reader.entry.size);
		last = reader.entry.offset;
		if (reader.entry.size % 2 && tar_read(&reader, &byte, 1, &e) < 0)
			break;
	}
	must(r > 0 ? e.code : 1);
	if (r <= 0)
		fuzz_check(r, &e);
	tar_done(&reader);
	source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	auto_free uint8_t *tar = malloc(len + 1);
	struct layer_source source = { .member = MEMBER_INIT };
	struct layer layer;
	auto_err e = { 0 };
	int r;

	must(tar);
	if (len > INPUT_MAX)
		return 0;
	memcpy(tar, data, len);
	put_checksums(tar, len);
	source.member.fd = fuzz_file(tar, len);
	source.member.size = len;
	r = layer_read(&source, &layer, &e);
	fuzz_check(r, &e);
	if (!r) {
		check_layer(&layer);
		look(&layer);
		layer_done(&layer);
	}
	read_headers(source.member.fd, len, true);
	read_headers(source.member.fd, len, false);
	return 0;
}
