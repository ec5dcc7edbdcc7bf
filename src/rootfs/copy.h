/* SPDX-License-Identifier: MIT */
/* Copies an emulator to a file: content, attributes, and its digest. */
#pragma once

#include <pthread.h>

#include "base/digest.h"
#include "emulator/emulator.h"

/* An emulator to be injected into any number of roots; zero all members but emulator. */
struct inject_source {
	struct emulator emulator;
	char digest[DIGEST_TEXT]; /* "" until computed */
};

/* Clones the content if the file system supports it, else copies it in the kernel (fd_copy_range()). 0 or -errno. */
int copy_content(int from, int to);
/* Sets mode 0755, owner root if permitted, and the source's mtime, at most *latest (NULL: no limit). 0 or -errno. */
int copy_attributes(int from, int to, const int64_t *latest);

/* Computes an emulator's digest in a thread: it takes as long as copying the emulator. Zeroed: not running. */
struct hashing {
	struct inject_source *source;
	pthread_t thread;
};

/* Starts the thread unless the digest is known or h is running. After hashing_wait(), "" means that it failed. */
void hashing_start(struct hashing *h, struct inject_source *source);
void hashing_wait(struct hashing *h);
