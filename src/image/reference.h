/* SPDX-License-Identifier: MIT */
/* Names of images as registries and engines take them. */
#pragma once

#include "base/buf.h"

enum { REFERENCE_NAME_MAX = 255, REFERENCE_TAG_MAX = 128 };

/*
 * [HOST[:PORT]/]PART/...: parts of lower-case letters and digits, with '.', '_', "__" or '-' between them. Without a
 * tag. Source: distribution/reference, its grammar.
 */
bool reference_is_name(const char *text);
/* A letter, digit or '_', then also '.' and '-', at most REFERENCE_TAG_MAX. */
bool reference_is_tag(const char *text);
/* NAME:TAG that docker load takes, and that needs no escapes in JSON. */
bool reference_is_loadable(const char *text);
/* What org.opencontainers.image.ref.name may consist of (image-spec annotations.md): a tag, or a whole name. */
bool reference_is_ref_name(const char *text);
/*
 * The whole of a name that people type, with its tag or without, as Docker and containerd keep it: what names no
 * registry is Docker's, and there what has one part only is in library. Source: distribution/reference, normalize.go.
 */
void reference_full(const char *name, struct buf *out);
