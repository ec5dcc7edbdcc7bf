// SPDX-License-Identifier: MIT
/* Parses names of images on the command line. */
#include "image/image_name.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/reference.h"

/* As in skopeo, a prefix specifies the format, and a suffix selects one of several images. */
static const char *const prefixes[] = { "docker-archive:", "oci-archive:", "oci:" };

static size_t prefix_len(const char *target)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(target, prefixes[i]))
			return strlen(prefixes[i]);
	return 0;
}

void image_name_parse(const char *target, struct image_name *ret)
{
	size_t len = prefix_len(target);
	char *colon;

	*ret = (struct image_name){ .is_image = len, .path = mem_text(target + len) };
	colon = ret->is_image ? strchr(ret->path, ':') : NULL;
	if (colon) {
		*colon = '\0';
		ret->reference = colon + 1;
	}
}

/* Images that are not files: skopeo's transports, and other prefixes that users type. */
static const struct {
	const char *prefix;
	const char *what;
	const char *hint; /* %s: the name after the prefix */
} transports[] = {
	{ "docker://", "an image in a registry", "skopeo copy docker://%s oci:LAYOUT, then specify oci:LAYOUT" },
	{ "https://", "an address", "skopeo copy docker://%s oci:LAYOUT, then specify oci:LAYOUT" },
	{ "http://", "an address", "skopeo copy docker://%s oci:LAYOUT, then specify oci:LAYOUT" },
	{ "dir:", "skopeo's format dir:", "skopeo copy dir:%s oci:LAYOUT, then specify oci:LAYOUT" },
	{ "containers-storage:", "an image that podman has", "podman save -o image.tar %s, then specify image.tar" },
	{ "docker-daemon:", "an image that Docker has", "docker save -o image.tar %s, then specify image.tar" },
	{ "ostree:", "an image in an ostree repository", "skopeo copy ostree:%s oci:LAYOUT, then specify oci:LAYOUT" },
	{ "sif:", "an image of Singularity", "skopeo copy sif:%s oci:LAYOUT, then specify oci:LAYOUT" },
	{ "tarball:", "layers without an image", "skopeo copy tarball:%s oci:LAYOUT, then specify oci:LAYOUT" },
};

static int hint_for(const char *hint, const char *name, struct err *e)
{
	const char *place = strstr(hint, "%s");

	return err_hint(e, "%.*s%s%s", (int)(place - hint), hint, name, place + 2);
}

/* Whether text may be an engine's image. A name with a dot but neither slash nor tag is rather a file. */
static bool is_reference(const char *text)
{
	const char *slash = strrchr(text, '/'), *colon = strrchr(slash ? slash : text, ':');
	auto_free char *name = mem_part(text, colon ? (size_t)(colon - text) : strlen(text));

	return (slash || colon || !strchr(text, '.')) && reference_is_name(name) &&
	       (!colon || reference_is_tag(colon + 1));
}

int image_name_refuse(const char *target, int code, struct err *e)
{
	for (size_t i = 0; code == -ENOENT && i < ARRAY_SIZE(transports); i++)
		if (str_starts(target, transports[i].prefix)) {
			err_set(e, code, "%s: not a file, but %s", target, transports[i].what);
			return hint_for(transports[i].hint, target + strlen(transports[i].prefix), e);
		}
	err_sys(e, code, "%s", target);
	if (code == -ENOENT && !prefix_len(target) && is_reference(target))
		hint_for("docker save -o image.tar %s, then specify image.tar", target, e);
	return code;
}

bool image_name_is_dir(int dir)
{
	static const char magic[] = "Directory Transport Version:";
	auto_fd fd = fd_open_regular(dir, "version", O_NOFOLLOW);
	char text[sizeof(magic) - 1];

	return fd >= 0 && fd_pread(fd, text, sizeof(text), 0) == sizeof(text) && !memcmp(text, magic, sizeof(text)) &&
	       !faccessat(dir, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW);
}

int image_name_refuse_dir(const char *target, struct err *e)
{
	err_set(e, -EBADMSG, "%s: an image in skopeo's format dir:, which is not supported", target);
	return err_hint(e, "skopeo copy dir:%s oci:LAYOUT, then specify oci:LAYOUT", target);
}

bool image_is_named(const struct model_image *image, const char *reference)
{
	if (!reference || model_is_named(image->reference, reference))
		return true;
	for (size_t i = 0; i < image->n_more; i++)
		if (model_is_named(image->more_references[i], reference))
			return true;
	return false;
}
