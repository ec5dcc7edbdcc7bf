/* SPDX-License-Identifier: MIT */
/* What layers were found to hold, kept by their digests, so that they need not be read again. */
#pragma once

#include "image/layer.h"

/*
 * A directory of its user's alone. It may be deleted at any time; everything works without it, and nothing in it is
 * believed that could not have been written by cache_store(): other programs' and other versions' entries, damaged ones
 * and those of another size are passed over.
 */
enum { CACHE_ENTRY_MAX = 16 * 1024 * 1024, CACHE_MAX = 64 * 1024 * 1024 };

/*
 * Opens anyarch/layers below $XDG_CACHE_HOME (else ~/.cache), which is made. The descriptor, or -1 when there is none:
 * it cannot be written, it is not the caller's own, or others may write to it.
 */
int cache_open(const char *xdg_cache_home, const char *home);
/* The layer whose stored bytes have this digest and size; ret is untouched when that is not known. layer_done() frees.
 */
bool cache_load(int cache, const char *digest, uint64_t size, struct layer *ret);
/* Keeps a layer that was read whole and has this digest (is_proven). What cannot be kept is not. */
void cache_store(int cache, const char *digest, uint64_t size, const struct layer *layer);
/* Removes what was not used for the longest time, until the rest is small enough. */
void cache_trim(int cache);
