/* SPDX-License-Identifier: MIT */
/* An emulator on its way into a file: its bytes, its attributes, its digest. */
#pragma once

#include <pthread.h>

#include "rootfs/inject.h"

/* A clone where the file system can, else a copy in the kernel, with the disk at work meanwhile. 0 or -errno. */
int copy_content(int from, int to);
/* Mode 0755, root's where we may, the source's time within bounds. 0 or -errno. */
int copy_attributes(int fd, const struct inject_request *request);

/* The digest of an emulator takes as long as copying it, so it is made on another core meanwhile. Zeroed: none is. */
struct hashing {
	struct inject_source *source;
	pthread_t thread;
};

/* Starts it unless it is known, or another one is being made. The digest is there after the wait, or still "". */
void hashing_start(struct hashing *h, struct inject_source *source);
void hashing_wait(struct hashing *h);
