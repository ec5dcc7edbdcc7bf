/* SPDX-License-Identifier: MIT */
/* An ordinary Dockerfile turned into a template. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads the Dockerfile and appends the template: each base image is for the platform that is built for, everything else
 * is as it was. 0, or -errno with e saying in a sentence why not: -EBADMSG, among others where no template is needed.
 */
int adopt_read(const char *path, struct buf *out, struct err *e);
