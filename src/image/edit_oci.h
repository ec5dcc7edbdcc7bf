/* SPDX-License-Identifier: MIT */
/* Changes of the documents of OCI's schema. */
#pragma once

#include "image/edit.h"

/* Adds to edit what the targets change; reference as for edit_plan(). 0 or -errno with e set. */
int edit_oci(const struct bundle *bundle, struct edit_target *targets, size_t n, const char *reference,
	struct edit *edit, struct err *e);
