/* SPDX-License-Identifier: MIT */
/* SHA-256, SHA-512, SHA-1, MD5, base64, and digests as text: "sha256:" and 64 lower-case hex digits. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { DIGEST_BYTES = 32, DIGEST_TEXT = 7 + 64 + 1, DIGEST_SHA512_TEXT = 7 + 128 + 1, DIGEST_MD5_TEXT = 32 + 1 };

/* Of digest_file(): no emulator or compiler is larger, and a file of any size costs nothing if it is one hole. */
enum { DIGEST_FILE_MAX = 512 * 1024 * 1024 };

/* The digest of these bytes as text. */
void digest_text(const void *data, size_t len, char ret[DIGEST_TEXT]);
/* Whether text is a well-formed sha256 digest (OCI image-spec descriptor.md); only then may it be part of a path. */
bool digest_is_valid(const char *text);

/* An incremental digest; digest_end() frees the state and writes the text. */
struct digest_state;
struct digest_state *digest_begin(void);
void digest_add(struct digest_state *state, const void *data, size_t len);
void digest_end(struct digest_state *state, char ret[DIGEST_TEXT]);
/* Adds len bytes of a file from offset. 0, -EBADMSG if the file is shorter, -EINTR after a signal, or -errno. */
int digest_add_range(struct digest_state *state, int fd, uint64_t offset, uint64_t len);
/* The digest of these bytes alone, with the same errors. */
int digest_range(int fd, uint64_t offset, uint64_t len, char ret[DIGEST_TEXT]);
/* The same as "sha512:" and 128 hex digits, the other algorithm that image-spec registers; and whether text is that. */
int digest_range_sha512(int fd, uint64_t offset, uint64_t len, char ret[DIGEST_SHA512_TEXT]);
bool digest_is_sha512(const char *text);
/* The digest of a whole file. 0, -E2BIG above DIGEST_FILE_MAX, -EINTR after a signal, or -errno. */
int digest_file(int fd, char ret[DIGEST_TEXT]);
/* MD5 as 32 hex digits, as dpkg records it for each file: detects mistakes, not attacks. Errors as above. */
int digest_md5_file(int fd, char ret[DIGEST_MD5_TEXT]);
/* Appends the base64 of a file's SHA-1, as apk records it: detects mistakes, not attacks. 0 or -errno. */
int digest_sha1_file(int fd, struct buf *out);
/* Appends the base64 (RFC 4648) of these bytes. */
void digest_base64(struct buf *out, const void *data, size_t len);
