// SPDX-License-Identifier: MIT
/* Syntax of image names in registries and engines. */
#include "image/reference.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_part(const char *p, size_t len)
{
	const char *end = p + len;

	for (;;) {
		size_t letters = strspn(p, LOWER), between;

		if (!letters || p + letters >= end)
			return letters && p + letters == end;
		p += letters;
		between = strspn(p, "-");
		if (!between)
			between = *p == '.' ? 1 : *p == '_' ? 1 + (p[1] == '_') : 0;
		if (!between)
			return false;
		p += between;
	}
}

/* Whether a first component is a host: it has a port, a dot or a capital letter, or is "localhost". */
static bool looks_like_host(const char *p, size_t len)
{
	return strcspn(p, ".:" UPPER) < len || (len == strlen("localhost") && !strncmp(p, "localhost", len));
}

static bool is_host(const char *p, size_t len)
{
	size_t host = strcspn(p, ":/"), port;

	if (*p == '[') /* an IPv6 address */
		host = strspn(p, "[]:" LOWER "ABCDEF");
	else if (!host || strspn(p, LOWER UPPER ".-") < host || strchr(".-", *p) || strchr(".-", p[host - 1]))
		return false;
	if (host >= len)
		return host == len;
	port = strspn(p + host + 1, "0123456789");
	return p[host] == ':' && port && host + 1 + port == len;
}

bool reference_is_name(const char *text)
{
	size_t len = strcspn(text, "/");

	if (!*text || strlen(text) > REFERENCE_NAME_MAX)
		return false;
	if (text[len] && looks_like_host(text, len)) {
		if (!len || !is_host(text, len))
			return false;
		text += len + 1;
	}
	for (;; text += len + 1) {
		len = strcspn(text, "/");
		if (!is_part(text, len))
			return false;
		if (!text[len])
			return true;
	}
}

bool reference_is_tag(const char *text)
{
	return *text && !strchr(".-", *text) && strlen(text) <= REFERENCE_TAG_MAX &&
	       !text[strspn(text, LOWER UPPER "_.-")];
}

bool reference_is_loadable(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon && colon != text && colon[1] && !strchr(colon, '/') && !text[strspn(text, LOWER UPPER "._-/:")];
}

bool reference_is_ref_name(const char *text)
{
	return *text && strchr(text, ':') != text && text[strlen(text) - 1] != ':' &&
	       !text[strspn(text, LOWER UPPER "._-/:@+")];
}

void reference_full(const char *name, struct buf *out)
{
	static const char hub[] = "docker.io/", old_hub[] = "index.docker.io/";
	size_t len = strcspn(name, "/");
	bool is_hub = !name[len] || !looks_like_host(name, len);

	if (!is_hub && !strncmp(name, old_hub, strlen(old_hub)))
		is_hub = true, name += strlen(old_hub);
	else if (!is_hub && !strncmp(name, hub, strlen(hub)))
		is_hub = true, name += strlen(hub);
	if (is_hub)
		buf_addf(out, "%s%s", hub, strchr(name, '/') ? "" : "library/");
	buf_adds(out, name);
}
