// SPDX-License-Identifier: MIT
/* Parses the .ARM.attributes section: which ARM architecture a file was built for. */
#include "arch/attributes.h"

#include <string.h>

enum {
	FORMAT_A = 'A',
	TAG_FILE = 1,
	TAG_CPU_RAW_NAME = 4,
	TAG_CPU_NAME = 5,
	TAG_CPU_ARCH = 6,
	TAG_CPU_ARCH_PROFILE = 7,
	TAG_VFP_ARGS = 28,
	TAG_COMPATIBILITY = 32,
};

/* Unread bytes; each step checks that there are enough. */
struct cursor {
	const uint8_t *at, *end;
	bool is_big;
};

/* ULEB128 of at most 32 bits. */
static bool take_uleb(struct cursor *c, uint32_t *ret)
{
	uint32_t value = 0;

	for (unsigned shift = 0; c->at < c->end && shift < 32; shift += 7) {
		uint8_t byte = *c->at++;

		value |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool skip_text(struct cursor *c)
{
	const uint8_t *nul = c->at < c->end ? memchr(c->at, '\0', (size_t)(c->end - c->at)) : NULL;

	if (!nul)
		return false;
	c->at = nul + 1;
	return true;
}

static void parse_tags(struct cursor c, struct elf_arm *ret)
{
	uint32_t tag, value;

	while (take_uleb(&c, &tag)) {
		/* Above 32, odd tags have text as value; below, tags 4 and 5 have, and 32 has a number and a text. */
		if (tag == TAG_CPU_RAW_NAME || tag == TAG_CPU_NAME || (tag > TAG_COMPATIBILITY && tag % 2)) {
			if (!skip_text(&c))
				return;
			continue;
		}
		if (!take_uleb(&c, &value) || (tag == TAG_COMPATIBILITY && !skip_text(&c)))
			return;
		if (tag == TAG_CPU_ARCH) {
			ret->has = true;
			ret->cpu_arch = value;
		} else if (tag == TAG_CPU_ARCH_PROFILE) {
			ret->profile = value;
		} else if (tag == TAG_VFP_ARGS) {
			ret->vfp_args = value;
		}
	}
}

/* Takes a block: its length, which includes itself and the already bytes before it, and the content. */
static bool take_block(struct cursor *c, size_t already, struct cursor *ret)
{
	const uint8_t *p = c->at;
	uint32_t len;

	if (c->end - p < 4)
		return false;
	len = c->is_big ? (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]
			: (uint32_t)p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
	if (len < already + 4 || len - already - 4 > (size_t)(c->end - p - 4))
		return false;
	*ret = (struct cursor){ p + 4, p + (len - already), c->is_big };
	c->at = ret->end;
	return true;
}

void attributes_parse(const uint8_t *bytes, size_t len, bool is_big, struct elf_arm *ret)
{
	struct cursor c = { bytes, bytes + len, is_big }, vendor, tags;
	uint32_t scope;

	*ret = (struct elf_arm){ 0 };
	if (!len || *c.at++ != FORMAT_A)
		return;
	while (take_block(&c, 0, &vendor)) {
		if (vendor.end - vendor.at < 6 || memcmp(vendor.at, "aeabi", 6))
			continue;
		vendor.at += 6;
		while (vendor.at < vendor.end) {
			const uint8_t *start = vendor.at;

			if (!take_uleb(&vendor, &scope) || !take_block(&vendor, (size_t)(vendor.at - start), &tags))
				break;
			if (scope == TAG_FILE)
				parse_tags(tags, ret);
		}
	}
}
