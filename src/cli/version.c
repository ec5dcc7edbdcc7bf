// SPDX-License-Identifier: MIT
/* anyarch --version: what this program is made of, and which emulators it finds. */
#include <string.h>

#include "cli/cli.h"
#include "emulator/search.h"

enum { VERSIONS_MAX = 8 };

struct found {
	char version[EMULATOR_VERSION_MAX];
	unsigned count;
	const struct arch *first;
};

static void count_version(struct found found[VERSIONS_MAX], const char *version, const struct arch *arch)
{
	for (size_t i = 0; i < VERSIONS_MAX; i++) {
		if (!found[i].count) {
			snprintf(found[i].version, sizeof(found[i].version), "%s", version);
			found[i].first = arch;
		}
		if (!strcmp(found[i].version, version)) {
			found[i].count++;
			return;
		}
	}
}

/* Read from the files; nothing is started. */
static void show_emulators(void)
{
	struct found found[VERSIONS_MAX] = { 0 };
	const struct search usual = { 0 };

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_emulator emulator = EMULATOR_INIT;
		char version[EMULATOR_VERSION_MAX];
		auto_err e = { 0 };

		if (a != arch_host() && !search_emulator(&usual, a, &emulator, NULL, &e))
			count_version(found, emulator_version(emulator.fd, a, version) ? version : "unknown", a);
	}
	printf("emulators: ");
	if (!found->count)
		printf("none found");
	for (size_t i = 0; i < VERSIONS_MAX && found[i].count; i++)
		printf(found[i].count > 1 ? "%sQEMU %s (%s and %u more)" : "%sQEMU %s (%s)", i ? ", " : "",
			found[i].version, found[i].first->qemu, found[i].count - 1);
	puts("");
}

int show_version(void)
{
	printf("anyarch " ANYARCH_VERSION "\ncommit: %s\nlibraries: " ANYARCH_LIBRARIES "\n", build_commit);
	show_emulators();
	return finish_output(EXIT_DONE);
}
