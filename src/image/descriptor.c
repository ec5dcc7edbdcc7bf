// SPDX-License-Identifier: MIT
/* Descriptors of OCI's image-spec, copied so that their document can be freed. */
#include "image/descriptor.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/model.h"

static char *copy(const char *text)
{
	return text ? mem_text(text) : NULL;
}

enum descriptor_digest descriptor_kind(const char *digest)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *colon = digest ? strchr(digest, ':') : NULL;

	if (!colon || colon == digest || !colon[1] || str_starts(digest, "sha256:"))
		return digest && digest_is_valid(digest) ? DESCRIPTOR_SHA256 : DESCRIPTOR_INVALID;
	for (const char *p = digest; p < colon; p++)
		if (!strchr(letters, *p) && (p == digest || !strchr("+._-", *p)))
			return DESCRIPTOR_INVALID;
	for (const char *p = colon + 1; *p; p++)
		if (!strchr(letters, *p) && !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ=_-", *p))
			return DESCRIPTOR_INVALID;
	return DESCRIPTOR_OTHER;
}

/*
 * BuildKit's attestations have the platform "unknown". Engines select by platform: an entry with another platform is an
 * image, regardless of its annotations.
 */
static bool is_attestation(const struct json *value)
{
	const char *os = jv_get_text(jv_get(value, "platform"), "os");
	const char *type = jv_get_text(jv_get(value, "annotations"), "vnd.docker.reference.type");

	return os ? !strcmp(os, "unknown") : type && !strcmp(type, "attestation-manifest");
}

void descriptor_read(const struct json *value, struct descriptor *ret)
{
	const struct json *annotations = jv_get(value, "annotations");
	const char *full = jv_get_text(annotations, "io.containerd.image.name");
	const struct json *platform = jv_get(value, "platform");
	const char *os = jv_get_text(platform, "os"), *arch = jv_get_text(platform, "architecture");
	const char *variant = jv_get_text(platform, "variant");

	*ret = (struct descriptor){
		.kind = descriptor_kind(jv_get_text(value, "digest")),
		.digest = copy(jv_get_text(value, "digest")),
		.type = copy(jv_get_text(value, "mediaType")),
		.data = copy(jv_get_text(value, "data")),
		.name = copy(full ? full : jv_get_text(annotations, "org.opencontainers.image.ref.name")),
		.platform = os && arch ? mem_print("%s/%s%s%s", os, arch, variant ? "/" : "", variant ? variant : "")
				       : NULL,
		.about = copy(jv_get_text(annotations, "vnd.docker.reference.digest")),
		.is_attestation = is_attestation(value),
	};
	ret->has_size = jv_get_size(value, "size", &ret->size);
}

void descriptor_done(struct descriptor *descriptor)
{
	free(descriptor->digest);
	free(descriptor->type);
	free(descriptor->data);
	free(descriptor->name);
	free(descriptor->platform);
	free(descriptor->about);
	*descriptor = (struct descriptor){ 0 };
}

int descriptor_path(const struct descriptor *descriptor, char ret[BUNDLE_BLOB_NAME], struct err *e)
{
	if (descriptor->kind != DESCRIPTOR_SHA256)
		return err_set(e, -EBADMSG, MODEL_BAD_DIGEST);
	bundle_blob_name(descriptor->digest, ret);
	return 0;
}

int descriptor_list_read(const struct json *value, struct descriptor_list *ret, struct err *e)
{
	auto_descriptor_list list = { 0 };
	size_t n = jv_count(value);

	list.items = mem_new(n + 1, sizeof(*list.items));
	for (; list.n < n; list.n++) {
		if (!jv_is_object(jv_at(value, list.n)))
			return err_set(e, -EBADMSG, "an index entry that is not an object");
		descriptor_read(jv_at(value, list.n), &list.items[list.n]);
	}
	*ret = list;
	list = (struct descriptor_list){ 0 };
	return 0;
}

void descriptor_list_done(struct descriptor_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		descriptor_done(&list->items[i]);
	free(list->items);
	*list = (struct descriptor_list){ 0 };
}

static bool has_type(const struct descriptor *descriptor, const char *oci, const char *docker)
{
	return descriptor->type && (!strcmp(descriptor->type, oci) || !strcmp(descriptor->type, docker));
}

bool descriptor_is_index(const struct descriptor *descriptor)
{
	return has_type(descriptor, "application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json");
}

bool descriptor_is_manifest(const struct descriptor *descriptor)
{
	return has_type(descriptor, "application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json");
}
