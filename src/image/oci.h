/* SPDX-License-Identifier: MIT */
/* The schema of OCI's image-spec. */
#pragma once

#include "image/model.h"

/* Reads the documents of this schema into the model. 0 or -errno with e set. */
int model_read_oci(const struct bundle *bundle, struct model *model, struct err *e);
