// SPDX-License-Identifier: MIT
/* SHA-256; the one file that knows nettle. */
#include "base/digest.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

void digest_text(const void *data, size_t len, char ret[DIGEST_TEXT])
{
	struct sha256_ctx ctx;
	uint8_t bytes[DIGEST_BYTES];

	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	sha256_digest(&ctx, sizeof(bytes), bytes);
	memcpy(ret, "sha256:", 8);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 7 + 2 * i, 3, "%02x", bytes[i]);
}

bool digest_is_valid(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == DIGEST_TEXT - 1 &&
		strspn(text + 7, "0123456789abcdef") == 64;
}
