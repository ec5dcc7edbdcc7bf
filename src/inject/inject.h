/* SPDX-License-Identifier: MIT */
/* Emulators, and native tools where they are wanted, into root file systems and images, and out of them again. */
#pragma once

#include "accel/toolchains.h"
#include "arch/name.h"
#include "emulator/search.h"
#include "image/edit_config.h"
#include "image/graft.h"
#include "rootfs/inject.h"

enum { INJECT_SOURCES_MAX = 64, INJECT_BASES_MAX = 32 };

/* What is asked for; texts are borrowed. Zeroed: this machine's emulators, to where their handlers look for them. */
struct inject_options {
	struct search search;
	const char *emulator;	  /* a program, or a .tar.gz with one, instead of the search */
	struct platform platform; /* instead of what its files say */
	bool has_platform;
	const char *at;
	bool force; /* also this machine's own root */
	bool dry_run;
	bool accelerate;			    /* native tools as well */
	const char *toolchain;			    /* a directory with them; NULL: this machine's own */
	struct config_base bases[INJECT_BASES_MAX]; /* of eject: what the history says of base images, and is to say */
	size_t n_bases;				    /* inject_add_base() adds one */
	const char *out;	/* of an image: another file than the one that is read, "-" is standard output */
	enum graft_codec codec; /* of a new layer */
	bool has_epoch;
	int64_t epoch; /* SOURCE_DATE_EPOCH */
};

/* Adds "COPY=NAME", which is kept and in which the "=" becomes a NUL. 0 or -EINVAL with e set. */
int inject_add_base(struct inject_options *options, const char *argument, struct err *e);

/* The text of SOURCE_DATE_EPOCH; NULL and "" are none. 0 or -EINVAL with e set. */
int inject_set_epoch(struct inject_options *options, const char *text, struct err *e);

/* One run over any number of targets: emulators and tools are opened once. Zeroed but for options. */
struct inject {
	const struct inject_options *options; /* borrowed */
	struct inject_source sources[INJECT_SOURCES_MAX];
	size_t n_sources;
	struct toolchains toolchains;
};

/* What became of a root, or of one image of a file. */
struct inject_outcome {
	enum inject_result result;
	bool is_native;		 /* it needs no emulator: unchanged */
	const struct arch *arch; /* NULL: not known */
	char *place;		 /* where the emulator is; NULL: native, or not known */
	bool has_tools;		 /* something became of native tools */
	enum inject_result tools;
	struct twins *twins; /* NULL: they were removed, and which is not known */
};

struct inject_report {
	struct inject_outcome *outcomes;
	size_t n;
	char **notes; /* sentences about what was noticed on the way */
	size_t n_notes;
	char *nothing;	    /* why there is no outcome; NULL */
	unsigned partition; /* of a disk image; 0: none */
};
#define auto_inject_report auto_with(inject_report_done) struct inject_report

/*
 * Put an emulator into a target, or remove what was put there. A target is a root file system (a directory that is no
 * OCI layout, or in a disk image) or an image, by its prefix or by what is in the file; "-" is an archive on standard
 * input where the result goes somewhere else. 0 or -errno with e set, which names the target: -EBUSY when another run
 * is changing it, -EINTR after a signal, -EBADMSG when the target is refused, -EIO when the disk failed; then it is as
 * it was. ret (zeroed) receives what was done, also before a failure; inject_report_done() frees.
 */
int inject_put(struct inject *inject, const char *target, struct inject_report *ret, struct err *e);
int inject_remove(struct inject *inject, const char *target, struct inject_report *ret, struct err *e);
void inject_report_done(struct inject_report *report);

/* Several targets, each for itself: a failure of one does not end the others. */
struct inject_round {
	const struct inject_options *options;
	char **targets;
	size_t n;
	bool removes;
	unsigned jobs; /* so many at once; 0: one */
	/* What became of each, in their order; e is empty after success. */
	void (*told)(const char *target, const struct inject_report *report, const struct err *e, void *context);
	void *context;
};
void inject_run(const struct inject_round *round);
void inject_done(struct inject *inject);
