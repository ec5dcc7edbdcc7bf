/* SPDX-License-Identifier: MIT */
/* Turns an ordinary Dockerfile into a template. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads the Dockerfile and appends the template: each base image is selected for the target platform, the rest is
 * copied. 0, or -errno with e set to a sentence: -EBADMSG, among others if no template is needed.
 */
int adopt_read(const char *path, struct buf *out, struct err *e);
