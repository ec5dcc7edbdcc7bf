/* SPDX-License-Identifier: MIT */
/* Descriptors of OCI's image-spec, copied so that their document can be freed. */
#pragma once

#include "base/digest.h"
#include "base/json.h"
#include "image/bundle.h"

enum descriptor_digest {
	DESCRIPTOR_SHA256 = 0,
	DESCRIPTOR_OTHER,   /* well-formed, but another algorithm: no blob of a bundle */
	DESCRIPTOR_INVALID, /* missing or malformed */
};

/* Strings are owned; NULL if absent. */
struct descriptor {
	enum descriptor_digest kind;
	char *digest, *type;
	char *data;	/* a copy of the content, in base64 */
	char *name;	/* annotation io.containerd.image.name, else org.opencontainers.image.ref.name */
	char *platform; /* "os/arch[/variant]" */
	char *about;	/* digest of the manifest that a BuildKit attestation is about */
	uint64_t size;
	bool has_size;
	bool is_attestation; /* a BuildKit attestation */
};

struct descriptor_list {
	struct descriptor *items;
	size_t n;
};

#define auto_descriptor	     auto_with(descriptor_done) struct descriptor
#define auto_descriptor_list auto_with(descriptor_list_done) struct descriptor_list

/* By the grammar of image-spec descriptor.md, "Digests". digest may be NULL. */
enum descriptor_digest descriptor_kind(const char *digest);
void descriptor_read(const struct json *value, struct descriptor *ret);
void descriptor_done(struct descriptor *descriptor);
/* The name of the descriptor's blob. 0, or -EBADMSG with e set if it has no valid sha256 digest. */
int descriptor_path(const struct descriptor *descriptor, char ret[BUNDLE_BLOB_NAME], struct err *e);
/* Reads an array of descriptors; empty if value is not an array. 0, or -EBADMSG with e set for a non-object entry. */
int descriptor_list_read(const struct json *value, struct descriptor_list *ret, struct err *e);
void descriptor_list_done(struct descriptor_list *list);
/* By media type, of OCI or Docker; false without one. */
bool descriptor_is_index(const struct descriptor *descriptor);
bool descriptor_is_manifest(const struct descriptor *descriptor);
