// SPDX-License-Identifier: MIT
/* What a target on the command line is: a file, a root file system or an image. */
#include "report/target.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/facts.h"
#include "image/reference.h"

/* A name with a tag, or below a registry or a user; paths begin otherwise. */
static bool is_reference(const char *text)
{
	const char *slash = strrchr(text, '/'), *colon = strrchr(slash ? slash : text, ':');
	auto_free char *name = mem_part(text, colon ? (size_t)(colon - text) : strlen(text));

	return (slash || colon) && reference_is_name(name) && (!colon || reference_is_tag(colon + 1));
}

/* What looks like an image that an engine or a registry has: how to get it. */
static int refuse_missing(const char *text, int code, struct err *e)
{
	static const char *const registries[] = { "docker://", "https://", "http://" };
	const char *name = text;

	err_sys(e, code, "%s", text);
	if (code != -ENOENT)
		return code;
	if (str_starts(text, "dir:"))
		return err_hint(e, "skopeo copy %s oci:LAYOUT, then specify oci:LAYOUT", text);
	if (str_starts(text, "docker-daemon:"))
		name = text + strlen("docker-daemon:");
	for (size_t i = 0; i < ARRAY_SIZE(registries); i++)
		if (str_starts(text, registries[i]))
			return err_hint(e, "skopeo copy docker://%s oci:LAYOUT, then specify oci:LAYOUT",
				text + strlen(registries[i]));
	if (is_reference(name))
		return err_hint(e, "docker save %s | anyarch inspect -", name);
	return code;
}

int target_open(const char *text, struct target *ret, struct err *e)
{
	struct stat st;
	bool is_stdin;

	*ret = (struct target){ .fd = -1 };
	image_name_parse(text, &ret->name);
	is_stdin = !strcmp(ret->name.path, "-");
	ret->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			   : open(ret->name.path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (ret->fd < 0 && errno == ENXIO)
		return err_set(e, -EBADMSG, "%s: neither a regular file nor a directory", text);
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
		return refuse_missing(text, -errno, e);
	if (!is_stdin && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, -EBADMSG, "%s: neither a regular file nor a directory", text);
	if (is_stdin || ret->name.is_image ||
		(S_ISDIR(st.st_mode) && !faccessat(ret->fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW)))
		ret->kind = TARGET_IMAGE;
	else if (S_ISDIR(st.st_mode))
		return errno == ENOENT ? ret->kind = TARGET_ROOT, 0 : err_sys(e, -errno, "%s/oci-layout", text);
	else
		ret->kind = image_looks_like(ret->fd) ? TARGET_IMAGE : TARGET_FILE;
	return 0;
}

void target_done(struct target *target)
{
	free(target->name.path);
	cleanup_fd(&target->fd);
}
