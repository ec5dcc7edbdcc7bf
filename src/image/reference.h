/* SPDX-License-Identifier: MIT */
/* Syntax of image names in registries and engines. */
#pragma once

#include "base/buf.h"

enum { REFERENCE_NAME_MAX = 255, REFERENCE_TAG_MAX = 128 };

/*
 * A name without a tag, [HOST[:PORT]/]PART/...: parts of lower-case letters and digits, separated by '.', '_', "__" or
 * dashes. Source: grammar of distribution/reference.
 */
bool reference_is_name(const char *text);
/* Letters, digits, '_', and except in first place '.' and '-'; at most REFERENCE_TAG_MAX characters. */
bool reference_is_tag(const char *text);
/* NAME:TAG that docker load accepts, and that needs no escaping in JSON. */
bool reference_is_loadable(const char *text);
/* A valid value of org.opencontainers.image.ref.name (image-spec annotations.md): a tag, or a full name. */
bool reference_is_ref_name(const char *text);
/*
 * Appends the normalized form of a familiar name, with or without a tag, as stored by Docker and containerd: docker.io
 * is the default registry, and library/ its default path. Source: distribution/reference, normalize.go.
 */
void reference_full(const char *name, struct buf *out);
