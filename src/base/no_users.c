// SPDX-License-Identifier: MIT
/*
 * For the static program: libmount can look up users and groups, which anyarch never requests. libc's own functions
 * would link its name services, which load shared libraries of another libc.
 */
#include <grp.h>
#include <pwd.h>

#include "base/defs.h"

int getpwnam_r(const char *name, struct passwd *record, char *text, size_t size, struct passwd **ret)
{
	(void)name, (void)record, (void)text, (void)size;
	*ret = NULL;
	return 0;
}

int getpwuid_r(uid_t uid, struct passwd *record, char *text, size_t size, struct passwd **ret)
{
	(void)uid, (void)record, (void)text, (void)size;
	*ret = NULL;
	return 0;
}

int getgrnam_r(const char *name, struct group *record, char *text, size_t size, struct group **ret)
{
	(void)name, (void)record, (void)text, (void)size;
	*ret = NULL;
	return 0;
}
