/* SPDX-License-Identifier: MIT */
/* Archives of images, made from a recipe so that names, digests and sizes fit. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The archive that an input tells how to make; the caller closes it. -1 for one that is too large. */
int recipe_open(const uint8_t *data, size_t len);
