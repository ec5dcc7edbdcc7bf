// SPDX-License-Identifier: MIT
/* anyarch --version: the version, commit and libraries, and the emulators found. */
#include "cli/cli.h"
#include "report/emulators.h"

int show_version(void)
{
	struct emulators found[EMULATORS_VERSIONS_MAX];
	size_t n = emulators_find(found);

	printf("anyarch " ANYARCH_VERSION "\ncommit: %s\nlibraries: " ANYARCH_LIBRARIES "\nemulators: %s", build_commit,
		n ? "" : "none found");
	for (size_t i = 0; i < n; i++) {
		printf("%sQEMU %s (%s", i ? ", " : "", found[i].version, found[i].first->qemu);
		if (found[i].n > 1)
			printf(" and %u more", found[i].n - 1);
		printf(")");
	}
	puts("");
	return finish_output(EXIT_DONE);
}
