/* SPDX-License-Identifier: MIT */
/* What inject and eject share, for root file systems and for images. */
#pragma once

#include "accel/toolchains.h"
#include "arch/name.h"
#include "cli/cli.h"
#include "emulator/search.h"
#include "image/edit_config.h"
#include "image/graft.h"
#include "rootfs/inject.h"

enum { INJECT_SOURCES_MAX = 64, INJECT_BASES_MAX = 32 };

struct inject_context {
	const struct command *command;
	struct search search;
	struct platform platform;
	bool has_platform, force, dry_run, json, quiet;
	bool ejects;
	bool accelerate; /* native tools as well */
	struct toolchains toolchains;
	const char *at, *emulator;
	struct config_base bases[INJECT_BASES_MAX]; /* of eject: what the history says of base images, and is to say */
	size_t n_bases;
	const char *out;	/* for images: another file than the one that is read */
	enum graft_codec codec; /* of a new layer */
	bool has_epoch;
	int64_t epoch;
	struct json *list;
	struct inject_source sources[INJECT_SOURCES_MAX];
	size_t n_sources;
	/* the root that is worked on */
	const char *target;
	int root;
	struct err *e;
	size_t found;
};

/* What became of the native tools of a target. */
struct inject_tools {
	const struct twins *twins; /* NULL: taken out, and not known */
	enum inject_result result;
};

/* Says what became of the target; at is NULL for a native one, which is unchanged, and where it is not known; tools for
 * none. */
void inject_tell(struct inject_context *c, enum inject_result result, const char *at, const struct arch *arch,
	const struct inject_tools *tools);
/* The emulator for an architecture, opened once for all targets; borrowed. */
int inject_find_source(struct inject_context *c, const struct arch *arch, struct inject_source **ret, struct err *e);
/*
 * Whether programs for an architecture run here without an emulator: this machine's own, and others that the kernel
 * takes as well, as i386 on amd64; unless an emulator was named, which then is what is wanted.
 */
bool inject_is_native(const struct inject_context *c, const struct arch *arch);
/* Where the kernel will look for it: the handler's own path when that is not fixed. Owned. */
char *inject_find_place(const struct inject_context *c, const struct arch *arch);

/* Opens the root file system that is the context's target; not this machine's, unless that was asked for. 0 or -errno.
 */
int inject_open_root(struct inject_context *c, struct err *e);
/* Takes out of the opened one what was put there, and tells. 0 or -errno with e set. */
int inject_eject_root(struct inject_context *c, struct err *e);
/* Puts emulators, and native tools where they are wanted, into n of them, and tells. The first exit status that is no
 * success. */
int inject_roots(struct inject_context *c, size_t n, char **targets);
/* As many roots at once as there are descriptors for, at most INJECT_BATCH. */
size_t inject_batch_size(void);

/*
 * Whether the target is named or looks as an image is; root file systems are directories that are no OCI layouts. "-"
 * is an image when the result goes somewhere else.
 */
bool inject_is_image(const struct inject_context *c, const char *target);
/* inject or eject, of the image that is the context's target. 0 or -errno with e set; all of it is told. */
int inject_image(struct inject_context *c, struct err *e);
