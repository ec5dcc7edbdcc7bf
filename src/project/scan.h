/* SPDX-License-Identifier: MIT */
/* Splits a text into lines, and classifies a Dockerfile's lines by instruction. Linear time for any input. */
#pragma once

#include "base/buf.h"

enum { SCAN_DOCUMENTS_MAX = 64 };

/* The caller sets text and len (borrowed); the rest starts zeroed. */
struct scan {
	const char *text;
	size_t len;
	size_t at; /* offset of the next line */
	unsigned number;
	bool is_continued, can_have_documents;
	bool is_without_documents; /* one was unterminated: '<<' has no meaning in this file */
	struct scan_document {
		const char *mark;
		size_t len;
		bool has_tabs;		 /* strip leading tabs (<<-) */
	} documents[SCAN_DOCUMENTS_MAX]; /* here-documents of the instruction; document is the current one */
	size_t n_documents, document;
};

struct scan_line {
	const char *text;      /* without its '\n' */
	size_t at;	       /* its offset in the text */
	size_t len, whole_len; /* without and with its '\n' */
	unsigned number;
	/* Set by scan_instruction() only: */
	bool is_remark;	   /* a comment or empty: neither part of an instruction nor its end */
	bool is_first;	   /* an instruction begins on it */
	bool is_continued; /* the next line belongs to the same instruction */
	bool is_document;  /* a line or the end of a here-document */
};

/* Reads the next line; false at the end. */
bool scan_line(struct scan *s, struct scan_line *ret);
/* The same for a Dockerfile. Source: its reference, "Format", "Here-Documents". */
bool scan_instruction(struct scan *s, struct scan_line *ret);
/* Whether the instruction of this name (FROM) begins on a line, after template markers. */
bool scan_is(const struct scan_line *line, const char *name);

/* A whole instruction. */
struct scan_whole {
	struct buf text; /* its lines joined, without comments and here-documents */
	size_t at;	 /* offset of its first line */
	bool is_one_line;
};

/* Reads the next instruction of a Dockerfile; false at the end. ret starts zeroed; its text is freed at the end. */
bool scan_whole(struct scan *s, struct scan_whole *ret);

/* A part of a text; len 0: none. */
struct scan_word {
	const char *text;
	size_t len;
};

/* The next word before '\0', delimited by blanks; advances cursor. */
struct scan_word scan_word(const char **cursor);
/* Whether a word is this name; case is ignored. */
bool scan_word_is(struct scan_word word, const char *name);
/* Skips the options before the operands, and returns the value of the last option ("--from="); text NULL: none. */
struct scan_word scan_option(const char **cursor, const char *option);
/* The words of FROM [--platform=PLATFORM] IMAGE [AS NAME], after FROM. */
struct scan_from {
	struct scan_word platform, image, name;
};
struct scan_from scan_from(const char *rest);
