/* SPDX-License-Identifier: MIT */
/* Plans a change of the images of a bundle. */
#pragma once

#include "image/edit.h"

/*
 * Works out all that changes. Every document that is read is checked as by model_read(), which has to have accepted the
 * bundle. Nothing is written. What other names call the same image stays as it is; but all change in archives with both
 * schemas, as the names in the two differ. 0 or -errno.
 */
int edit_plan(const struct edit_request *request, struct edit *ret, struct err *e);
