/* SPDX-License-Identifier: MIT */
/* Injects emulators and, on request, native tools into root file systems and images, and ejects them. */
#pragma once

#include "accel/toolchains.h"
#include "arch/name.h"
#include "emulator/search.h"
#include "image/edit_config.h"
#include "image/graft.h"
#include "rootfs/inject.h"

enum { INJECT_SOURCES_MAX = 64, INJECT_BASES_MAX = 32 };

/* Strings are borrowed. Zeroed: inject this machine's emulators at the paths of their handlers. */
struct inject_options {
	bool removes; /* remove injected emulators instead */
	struct search search;
	const char *emulator;	  /* a program, or a compressed archive with one, instead of the search */
	struct platform platform; /* instead of the platform of the target's files */
	bool has_platform;
	const char *at;
	bool force; /* allow this machine's own root, another platform than the files', an existing output file */
	bool dry_run;
	bool accelerate;			    /* inject native tools, too */
	const char *toolchain;			    /* a directory with them; NULL: this machine's own */
	struct config_base bases[INJECT_BASES_MAX]; /* eject: names of base images to replace in the history */
	size_t n_bases;				    /* incremented by inject_add_base() */
	const char *out;	/* images: output file, "-" for standard output; NULL: change in place */
	enum graft_codec codec; /* of a new layer */
	bool has_epoch;
	int64_t epoch; /* SOURCE_DATE_EPOCH */
};

/* Adds "COPY=NAME". Keeps a reference to argument and overwrites its "=" with NUL. 0 or -EINVAL with e set. */
int inject_add_base(struct inject_options *options, const char *argument, struct err *e);

/* Parses the value of SOURCE_DATE_EPOCH; NULL and "" mean unset. 0 or -EINVAL with e set. */
int inject_set_epoch(struct inject_options *options, const char *text, struct err *e);

/* A run over any number of targets: emulators and tools are opened once. Zero all members but options. */
struct inject {
	const struct inject_options *options; /* borrowed */
	struct inject_source sources[INJECT_SOURCES_MAX];
	size_t n_sources;
	struct toolchains toolchains;
};

/* The result for a root, or for one image of a file. */
struct inject_outcome {
	enum inject_result result;
	bool is_native;		 /* the target needs no emulator: unchanged */
	const struct arch *arch; /* NULL: not known */
	char *place;		 /* path of the emulator; NULL: native, or not known */
	bool has_tools;		 /* tools has the result for native tools */
	enum inject_result tools;
	struct twins *twins; /* which tools; NULL: not known, as they were removed */
};

struct inject_report {
	struct inject_outcome *outcomes;
	size_t n;
	char **notes; /* warnings, a sentence each */
	size_t n_notes;
	char *nothing;	    /* why there is no outcome, or NULL */
	unsigned partition; /* of a disk image; 0: none */
};
#define auto_inject_report auto_with(inject_report_done) struct inject_report

/*
 * Injects an emulator into a target, or removes an injected one. A target is a root file system (a directory other than
 * an OCI layout, or in a disk image) or an image, by its prefix or its content; "-" is an archive on standard input,
 * which needs options.out. 0 or -errno with e set, which names the target: -EBUSY if another process is changing it,
 * -EINTR after a signal, -EBADMSG if it is refused, -EIO if the disk failed; the target is then unchanged. ret (zeroed)
 * receives the outcomes, also those before a failure; inject_report_done() frees it.
 */
int inject_change(struct inject *inject, const char *target, struct inject_report *ret, struct err *e);
void inject_report_done(struct inject_report *report);

/* Several independent targets: after a failure of one, the next are still processed. */
struct inject_round {
	const struct inject_options *options;
	char **targets;
	size_t n;
	unsigned jobs; /* targets processed in parallel; 0: one */
	/* Called for each target, in the order of targets; e is empty after success. */
	void (*told)(const char *target, const struct inject_report *report, const struct err *e, void *context);
	void *context;
};
void inject_run(const struct inject_round *round);
void inject_done(struct inject *inject);
