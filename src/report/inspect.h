/* SPDX-License-Identifier: MIT */
/* Inspects a target: a file, a root file system, or the images of a file; and compares with what was expected. */
#pragma once

#include "image/facts.h"
#include "report/file.h"
#include "report/target.h"

/* The members for the target's kind are set. */
struct inspection {
	struct target target;
	struct file_facts file;
	struct content content; /* of a root file system */
	unsigned long skipped;	/* files that could not be read */
	struct image_report report;
	struct json **tools; /* manifest of native tools of the root, or of each image of the report; NULL: none */
	size_t n_tools;
};

struct inspect_request {
	const char *target;
	int root;			 /* resolve files below this directory, as after chroot; -1: none */
	bool counts_all;		 /* count every ELF file of a root file system */
	const struct platform *expected; /* NULL: anything */
};

/* Whether image i of the report is shown: it has the requested name, and was not shown under another name. */
bool inspect_shows(const struct inspection *inspection, size_t i);
/* Checks the expected platform, and that a requested image exists. 0 or -errno with e set, as expect_images(). */
int inspect_check(const struct inspect_request *request, const struct inspection *inspection, struct err *e);
/* The document of native tools of an image while its layers are there; owned. NULL: it has none. */
struct json *inspect_tools(const struct image_report *report, const struct image_facts *facts, const struct view *view);
/* A text of item i of such a list; "" if it has none. */
const char *inspect_told(const struct json *list, size_t i, const char *key);
/* Appends the native tools of a manifest: "cc1 as". */
void inspect_natives(const struct json *document, struct buf *out);
/* Appends the tools emulated for the same reason as the i-th: "cc1plus lto1 (REASON)"; false if already done. */
bool inspect_emulated(const struct json *document, size_t i, struct buf *out);

/* Several independent targets. */
struct inspect_round {
	struct inspect_request request; /* target is set for each */
	char **targets;
	size_t n;
	unsigned jobs; /* number of parallel jobs; 0: one */
	/* Called for each target in order; e is empty on success. */
	void (*told)(const struct inspect_request *request, const struct inspection *inspection, struct err *e,
		void *context);
	void *context;
};
void inspect_run(const struct inspect_round *round);
