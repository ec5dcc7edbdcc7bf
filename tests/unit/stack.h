/* SPDX-License-Identifier: MIT */
/* Layers that were read from tars, one over the other. */
#pragma once

#include "base/buf.h"
#include "image/view.h"

enum { STACK_MAX = 6 };

/* Zeroed it is empty. */
struct stack {
	struct layer layers[STACK_MAX];
	const struct layer *pointers[STACK_MAX];
	struct view view;
};

/* Ends the tar and puts it on top; the tar is empty then. */
void stack_add(struct stack *s, struct buf *tar);
void stack_done(struct stack *s);
