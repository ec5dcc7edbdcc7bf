/* SPDX-License-Identifier: MIT */
/* Changes of the documents of docker save's schema. */
#pragma once

#include "image/edit.h"

/* Adds to edit what the targets change. 0 or -errno with e set. */
int edit_docker(const struct edit_request *request, struct edit *edit, struct err *e);
