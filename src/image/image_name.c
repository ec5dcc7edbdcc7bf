// SPDX-License-Identifier: MIT
/* How images are named on the command line, and where large copies of their parts go. */
#include "image/image_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"

/* skopeo's way of naming: a prefix says the format, a suffix which of several images. */
static const char *const prefixes[] = { "docker-archive:", "oci-archive:", "oci:" };

void image_name_parse(const char *target, struct image_name *ret)
{
	char *colon;

	*ret = (struct image_name){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(prefixes) && !ret->is_image; i++)
		if (str_starts(target, prefixes[i])) {
			ret->is_image = true;
			target += strlen(prefixes[i]);
		}
	ret->path = mem_text(target);
	colon = ret->is_image ? strchr(ret->path, ':') : NULL;
	if (colon) {
		*colon = '\0';
		ret->reference = colon + 1;
	}
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

const char *image_tmpdir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/var/tmp";
}
