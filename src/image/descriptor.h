/* SPDX-License-Identifier: MIT */
/* Descriptors of OCI's image-spec, kept while the document in which they stand is not. */
#pragma once

#include "base/digest.h"
#include "base/json.h"
#include "image/bundle.h"

enum descriptor_digest {
	DESCRIPTOR_SHA256 = 0,
	DESCRIPTOR_OTHER,   /* well formed, of an algorithm that names no blob here */
	DESCRIPTOR_INVALID, /* no digest, or one that is malformed */
};

/* Text is owned, NULL where there is none. */
struct descriptor {
	enum descriptor_digest kind;
	char *digest, *type;
	char *data;	/* a copy of the content, in base64 */
	char *name;	/* org.opencontainers.image.ref.name, or containerd's whole name beside it */
	char *platform; /* "os/arch[/variant]" */
	char *about;	/* digest of the manifest that BuildKit's statements are about */
	uint64_t size;
	bool has_size;
	bool is_attestation; /* BuildKit's statements about an image beside it */
};

struct descriptor_list {
	struct descriptor *items;
	size_t n;
};

#define auto_descriptor	     auto_with(descriptor_done) struct descriptor
#define auto_descriptor_list auto_with(descriptor_list_done) struct descriptor_list

void descriptor_read(const struct json *value, struct descriptor *ret);
void descriptor_done(struct descriptor *descriptor);
/* The name of its blob in a bundle. 0, or -EBADMSG with e set when it has no valid sha256 digest. */
int descriptor_path(const struct descriptor *descriptor, char ret[BUNDLE_BLOB_NAME], struct err *e);
/* A list of descriptors; nothing where value is no list. 0, or -EBADMSG with e set when an entry is not an object. */
int descriptor_list_read(const struct json *value, struct descriptor_list *ret, struct err *e);
void descriptor_list_done(struct descriptor_list *list);
/* Media types of either family, OCI's and Docker's; NULL is none. */
bool descriptor_is_index(const struct descriptor *descriptor);
bool descriptor_is_manifest(const struct descriptor *descriptor);
