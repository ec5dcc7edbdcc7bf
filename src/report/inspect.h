/* SPDX-License-Identifier: MIT */
/* What a target is made of: a file, a root file system, or the images of a file; and whether it is what was expected.
 */
#pragma once

#include "image/facts.h"
#include "report/file.h"
#include "report/target.h"

/* Of these the one that the kind of the target says. */
struct inspection {
	struct target target;
	struct file_facts file;
	struct content content; /* of a root file system */
	unsigned long skipped;	/* files of it that could not be read */
	struct image_report report;
	struct json **tools; /* of the root, or of each image of the report: its document of native tools; NULL: none */
	size_t n_tools;
};

struct inspect_request {
	const char *target;
	int root;			 /* a directory below which files are resolved, as after chroot; -1: none */
	bool counts_all;		 /* every ELF file of a root file system */
	const struct platform *expected; /* NULL: anything */
};

/* 0 or -errno with e set, which names the target; inspection_done() frees, also after a failure. */
int inspect_look(const struct inspect_request *request, struct inspection *ret, struct err *e);
/* Whether image i of the report is shown: it has the name that was asked for, and was not shown under another one. */
bool inspect_shows(const struct inspection *inspection, size_t i);
/* Whether it is what was expected, and has what was asked for. 0 or -errno with e set, as expect_images() has it. */
int inspect_check(const struct inspect_request *request, const struct inspection *inspection, struct err *e);
/* The document of native tools of an image while its layers are there; owned. NULL: it has none. */
struct json *inspect_tools(const struct image_report *report, const struct image_facts *facts, const struct view *view);
/* What it says: "cc1 as", */
void inspect_natives(const struct json *document, struct buf *out);
/* "cc1plus lto1 (another version)": all with the reason of its i-th tool that is emulated; false when told before. */
bool inspect_emulated(const struct json *document, size_t i, struct buf *out);
void inspection_done(struct inspection *inspection);

/* Several targets, each for itself. */
struct inspect_round {
	struct inspect_request request; /* its target is set to each */
	char **targets;
	size_t n;
	unsigned jobs; /* so many at once; 0: one */
	/* What was found, in their order; e is empty if it could be read. */
	void (*told)(const struct inspect_request *request, const struct inspection *inspection, struct err *e,
		void *context);
	void *context;
};
void inspect_run(const struct inspect_round *round);
