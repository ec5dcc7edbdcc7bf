/* SPDX-License-Identifier: MIT */
/* An emulator on its way into a file: its bytes, its attributes, its digest. */
#pragma once

#include <pthread.h>

#include "base/digest.h"
#include "emulator/emulator.h"

/* An emulator to be put into many roots; zeroed but for the emulator. */
struct inject_source {
	struct emulator emulator;
	char digest[DIGEST_TEXT]; /* "" until it is needed */
};

/* A clone where the file system can, else a copy in the kernel, with the disk at work meanwhile. 0 or -errno. */
int copy_content(int from, int to);
/* Mode 0755, root's where we may, the source's time, at most *latest (NULL: any). 0 or -errno. */
int copy_attributes(int from, int to, const int64_t *latest);

/* The digest of an emulator takes as long as copying it, so it is made on another core meanwhile. Zeroed: none is. */
struct hashing {
	struct inject_source *source;
	pthread_t thread;
};

/* Starts it unless it is known, or another one is being made. The digest is there after the wait, or still "". */
void hashing_start(struct hashing *h, struct inject_source *source);
void hashing_wait(struct hashing *h);
