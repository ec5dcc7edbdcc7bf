/* SPDX-License-Identifier: MIT */
/* The schema of docker save. */
#pragma once

#include "image/model.h"

/* Reads the documents of this schema into the model. 0 or -errno with e set. */
int model_read_docker(const struct bundle *bundle, struct model *model, struct err *e);
