/* SPDX-License-Identifier: MIT */
/* What inspect prints of native tools. */
#pragma once

#include "base/json.h"
#include "report/inspect.h"

/* Of image i, or of a root 0: what inject has recorded of native tools; nothing without any. */
void render_tools(const struct inspection *inspection, size_t i);
/* Sets "accelerated" and "emulated", as inject does. */
void json_tools(struct json *object, const struct inspection *inspection, size_t i);
