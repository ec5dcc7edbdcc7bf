/* SPDX-License-Identifier: MIT */
/* Lines of a text, and what each line of a Dockerfile is to its instruction. Every text is read once, whatever it is.
 */
#pragma once

#include "base/defs.h"

enum { SCAN_DOCUMENTS_MAX = 64 };

/* Set text and len (borrowed), the rest is zero before the first line. */
struct scan {
	const char *text;
	size_t len;
	size_t at; /* of the next line */
	unsigned number;
	bool is_continued, can_have_documents;
	bool is_without_documents; /* one had no end, so that '<<' means something else in this file */
	struct scan_document {
		const char *mark;
		size_t len;
		bool has_tabs;		 /* before its lines, which do not count */
	} documents[SCAN_DOCUMENTS_MAX]; /* here-documents that the instruction has; the lines are those of the first */
	size_t n_documents, document;
};

struct scan_line {
	const char *text;      /* without its '\n' */
	size_t at;	       /* where that is in the text */
	size_t len, whole_len; /* without and with its '\n' */
	unsigned number;
	/* Of scan_instruction() alone: */
	bool is_remark;	   /* a comment or empty: it neither belongs to an instruction nor ends one */
	bool is_first;	   /* an instruction begins on it */
	bool is_continued; /* and the next line belongs to it, too */
	bool is_document;  /* a line of a here-document, or its end */
};

/* The next line; false at the end. */
bool scan_line(struct scan *s, struct scan_line *ret);
/* The same of a Dockerfile. Source: its reference, "Format", "Here-Documents". */
bool scan_instruction(struct scan *s, struct scan_line *ret);
/* Whether the instruction of this name (FROM) begins on a line, after markers of templates. */
bool scan_is(const struct scan_line *line, const char *name);
bool scan_is_blank(char c);
/* The next word before a '\0', between blanks; false: none. cursor moves on. */
bool scan_word(const char **cursor, const char **ret_word, size_t *ret_len);
