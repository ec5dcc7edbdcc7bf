// SPDX-License-Identifier: MIT
/* Layers that were read from tars, one over the other. */
#include "stack.h"

#include "archive.h"
#include "check.h"
#include "image/layer_read.h"

void stack_add(struct stack *s, struct buf *tar)
{
	struct layer *layer = &s->layers[s->view.n];
	struct layer_source source = { .member = MEMBER_INIT };
	auto_err e = { 0 };
	auto_fd fd = -1;

	archive_end(tar);
	fd = archive_open(tar->data, tar->len);
	source.member.fd = fd;
	source.member.size = tar->len;
	assert_true(s->view.n < STACK_MAX);
	check_code("a layer", layer_read(&source, layer, &e), 0, &e);
	s->pointers[s->view.n++] = layer;
	s->view.layers = s->pointers;
	tar->len = 0;
}

void stack_done(struct stack *s)
{
	for (size_t i = 0; i < s->view.n; i++)
		layer_done(&s->layers[i]);
}
