// SPDX-License-Identifier: MIT
/* Archives of images, made from a recipe so that names, digests and sizes fit. */
#include "recipe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "fuzz.h"
#include "image/tar_read.h"

/*
 * A recipe is members one after the other: a byte for the name, two for the length (little-endian),
 * content. A blob is named by its digest. In content "$0" to "$9" stand for the digest of that blob
 * and "#0" to "#9" for its size. An input that begins with "RAW" is an archive already.
 */
enum { BLOBS_MAX = 10, MEMBERS_MAX = 64, INPUT_MAX = 256 * 1024, NAME_BLOB = 0 };

static const char *const names[] = { "", "oci-layout", "index.json", "manifest.json", "c.json", "a/layer.tar",
	"b/layer.tar", "repositories" };

struct recipe {
	char digests[BLOBS_MAX][DIGEST_TEXT];
	size_t sizes[BLOBS_MAX];
	unsigned blobs;
	struct buf archive;
};

static void expand(const struct recipe *r, const uint8_t *data, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned which = i + 1 < len ? (unsigned)(data[i + 1] - '0') : BLOBS_MAX;

		if ((data[i] != '$' && data[i] != '#') || which >= r->blobs) {
			buf_add(out, data + i, 1);
			continue;
		}
		if (data[i] == '$')
			buf_adds(out, r->digests[which]);
		else
			buf_addf(out, "%zu", r->sizes[which]);
		i++;
	}
}

static void add_member(struct recipe *r, const char *name, const struct buf *content)
{
	static const uint8_t zero[TAR_BLOCK];
	char block[TAR_BLOCK] = "", text[12];
	unsigned sum = 8 * ' ';

	snprintf(block, 100, "%s", name);
	snprintf(block + 100, 8, "%07o", 0644u);
	snprintf(block + 124, 12, "%011zo", content->len);
	memcpy(block + 156, "0ustar", 6);
	memcpy(block + 257,
		"ustar\0"
		"00",
		8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (uint8_t)block[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(block + 148, text, 7);
	block[155] = ' ';
	buf_add(&r->archive, block, TAR_BLOCK);
	buf_add(&r->archive, buf_text(content), content->len);
	buf_add(&r->archive, zero, (TAR_BLOCK - content->len % TAR_BLOCK) % TAR_BLOCK);
}

static void add_blob(struct recipe *r, const struct buf *content)
{
	char name[100], digest[DIGEST_TEXT];

	digest_text(buf_text(content), content->len, digest);
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	add_member(r, name, content);
	if (r->blobs == BLOBS_MAX)
		return;
	memcpy(r->digests[r->blobs], digest, sizeof(digest));
	r->sizes[r->blobs++] = content->len;
}

static void follow(struct recipe *r, const uint8_t *data, size_t len)
{
	static const uint8_t end[2 * TAR_BLOCK];

	for (unsigned n = 0; len > 3 && n < MEMBERS_MAX; n++) {
		size_t want = data[1] | (size_t)data[2] << 8, have = MIN_OF(want, len - 3);
		unsigned name = data[0] % ARRAY_SIZE(names);
		auto_buf content = { 0 };

		expand(r, data + 3, have, &content);
		if (name == NAME_BLOB)
			add_blob(r, &content);
		else
			add_member(r, names[name], &content);
		data += 3 + have;
		len -= 3 + have;
	}
	buf_add(&r->archive, end, sizeof(end));
}

int recipe_open(const uint8_t *data, size_t len)
{
	bool is_raw = len >= 3 && !memcmp(data, "RAW", 3);
	struct recipe recipe = { 0 };
	int fd;

	if (len > INPUT_MAX)
		return -1;
	if (!is_raw)
		follow(&recipe, data, len);
	fd = is_raw ? fuzz_file(data + 3, len - 3) : fuzz_file(buf_text(&recipe.archive), recipe.archive.len);
	buf_done(&recipe.archive);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	must(fd >= 0);
	return fd;
}
