/* SPDX-License-Identifier: MIT */
/* Output of inspect about native tools. */
#pragma once

#include "base/json.h"
#include "report/inspect.h"

/* Prints what inject recorded about native tools, for image i, or 0 for a root; nothing without a record. */
void render_tools(const struct inspection *inspection, size_t i);
/* Sets "accelerated" and "emulated", the keys that inject uses. */
void json_tools(struct json *object, const struct inspection *inspection, size_t i);
