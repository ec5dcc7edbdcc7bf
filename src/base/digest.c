// SPDX-License-Identifier: MIT
/* SHA-256, SHA-512, SHA-1, MD5 and base64; the only file that uses nettle. */
#include "base/digest.h"

#include <nettle/base64.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"

struct digest_state {
	bool is_sha512;
	union {
		struct sha256_ctx sha256;
		struct sha512_ctx sha512;
	};
};

enum { CHUNK = 128 * 1024, STEP = 16 * CHUNK };

static void write_text(const char *prefix, const uint8_t *bytes, size_t n, char *ret)
{
	memcpy(ret, prefix, strlen(prefix) + 1);
	for (size_t i = 0; i < n; i++)
		snprintf(ret + strlen(prefix) + 2 * i, 3, "%02x", bytes[i]);
}

static void finish(struct sha256_ctx *ctx, char ret[DIGEST_TEXT])
{
	uint8_t bytes[DIGEST_BYTES];

	sha256_digest(ctx, sizeof(bytes), bytes);
	write_text("sha256:", bytes, sizeof(bytes), ret);
}

void digest_text(const void *data, size_t len, char ret[DIGEST_TEXT])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	finish(&ctx, ret);
}

struct digest_state *digest_begin(void)
{
	struct digest_state *state = mem_new(1, sizeof(*state));

	sha256_init(&state->sha256);
	return state;
}

void digest_add(struct digest_state *state, const void *data, size_t len)
{
	if (state->is_sha512)
		sha512_update(&state->sha512, len, data);
	else
		sha256_update(&state->sha256, len, data);
}

void digest_end(struct digest_state *state, char ret[DIGEST_TEXT])
{
	finish(&state->sha256, ret);
	free(state);
}

int digest_add_range(struct digest_state *state, int fd, uint64_t offset, uint64_t len)
{
	auto_free char *chunk = mem_new(1, CHUNK);

	while (len) {
		ssize_t n = stop_signal() ? -EINTR
					  : fd_pread(fd, chunk, (size_t)MIN_OF(len, (uint64_t)CHUNK), (off_t)offset);

		if (n <= 0)
			return n ? (int)n : -EBADMSG;
		digest_add(state, chunk, (size_t)n);
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

static int add_steps(struct digest_state *state, int fd, uint64_t offset, uint64_t len)
{
	int r = 0;

	progress_begin("reading", len);
	while (!r && len) {
		uint64_t some = MIN_OF(len, (uint64_t)STEP);

		r = digest_add_range(state, fd, offset, some);
		progress_add(some);
		offset += some;
		len -= some;
	}
	progress_end();
	return r;
}

int digest_range(int fd, uint64_t offset, uint64_t len, char ret[DIGEST_TEXT])
{
	struct digest_state *state = digest_begin();
	int r = add_steps(state, fd, offset, len);

	digest_end(state, ret);
	return r;
}

int digest_range_sha512(int fd, uint64_t offset, uint64_t len, char ret[DIGEST_SHA512_TEXT])
{
	struct digest_state state = { .is_sha512 = true };
	uint8_t bytes[SHA512_DIGEST_SIZE];
	int r;

	sha512_init(&state.sha512);
	r = add_steps(&state, fd, offset, len);
	sha512_digest(&state.sha512, sizeof(bytes), bytes);
	write_text("sha512:", bytes, sizeof(bytes), ret);
	return r;
}

static bool is_too_large(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_size > DIGEST_FILE_MAX;
}

int digest_file(int fd, char ret[DIGEST_TEXT])
{
	auto_free char *chunk = mem_new(1, CHUNK);
	struct digest_state *state = is_too_large(fd) ? NULL : digest_begin();
	ssize_t n;

	if (!state)
		return -E2BIG;
	for (off_t at = 0; (n = stop_signal() ? -EINTR : fd_pread(fd, chunk, CHUNK, at)) > 0; at += n)
		digest_add(state, chunk, (size_t)n);
	digest_end(state, ret);
	return (int)MIN_OF(n, 0);
}

bool digest_is_valid(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == DIGEST_TEXT - 1 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

bool digest_is_sha512(const char *text)
{
	return !strncmp(text, "sha512:", 7) && strlen(text) == DIGEST_SHA512_TEXT - 1 &&
	       strspn(text + 7, "0123456789abcdef") == 128;
}

int digest_md5_file(int fd, char ret[DIGEST_MD5_TEXT])
{
	auto_free char *chunk = mem_new(1, CHUNK);
	uint8_t bytes[MD5_DIGEST_SIZE];
	struct md5_ctx ctx;
	ssize_t n;

	if (is_too_large(fd))
		return -E2BIG;
	md5_init(&ctx);
	for (off_t at = 0; (n = stop_signal() ? -EINTR : fd_pread(fd, chunk, CHUNK, at)) > 0; at += n)
		md5_update(&ctx, (size_t)n, (const uint8_t *)chunk);
	md5_digest(&ctx, sizeof(bytes), bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return (int)MIN_OF(n, 0);
}

void digest_base64(struct buf *out, const void *data, size_t len)
{
	size_t n = BASE64_ENCODE_RAW_LENGTH(len);
	auto_free char *text = mem_new(n, 1);

	base64_encode_raw(text, len, data);
	buf_add(out, text, n);
}

int digest_sha1_file(int fd, struct buf *out)
{
	auto_free char *chunk = mem_new(1, CHUNK);
	uint8_t bytes[SHA1_DIGEST_SIZE];
	struct sha1_ctx ctx;
	ssize_t n;

	if (is_too_large(fd))
		return -E2BIG;
	sha1_init(&ctx);
	for (off_t at = 0; (n = stop_signal() ? -EINTR : fd_pread(fd, chunk, CHUNK, at)) > 0; at += n)
		sha1_update(&ctx, (size_t)n, (const uint8_t *)chunk);
	sha1_digest(&ctx, sizeof(bytes), bytes);
	digest_base64(out, bytes, sizeof(bytes));
	return (int)MIN_OF(n, 0);
}
