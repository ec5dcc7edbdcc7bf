// SPDX-License-Identifier: MIT
/* The emulators on this machine. */
#include "report/emulators.h"

#include <stdio.h>
#include <string.h>

#include "emulator/package.h"
#include "emulator/search.h"

size_t emulators_find(struct emulators ret[EMULATORS_VERSIONS_MAX])
{
	const struct search usual = { 0 };
	size_t n = 0;

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_emulator emulator = EMULATOR_INIT;
		char version[EMULATOR_VERSION_MAX];
		size_t i = 0;

		if (a == arch_host() || search_emulator(&usual, a, &emulator, NULL, NULL))
			continue;
		if (!emulator_version(emulator.fd, a, version))
			snprintf(version, sizeof(version), "unknown");
		while (i < n && strcmp(ret[i].version, version))
			i++;
		if (i == n && n == EMULATORS_VERSIONS_MAX)
			continue;
		if (i == n) {
			ret[n] = (struct emulators){ .first = a };
			snprintf(ret[n++].version, sizeof(ret->version), "%s", version);
		}
		ret[i].n++;
	}
	return n;
}

void emulators_add(struct name_set *names)
{
	const struct search usual = { 0 };

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_emulator emulator = EMULATOR_INIT;

		if (!search_emulator(&usual, a, &emulator, NULL, NULL))
			name_set_add_arch(names, a);
	}
}

int emulators_none(struct err *e)
{
	err_set(e, -ENOENT, "no emulator found for any architecture");
	package_hint(e);
	return -ENOENT;
}
