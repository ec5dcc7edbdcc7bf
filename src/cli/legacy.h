/* SPDX-License-Identifier: MIT */
/* The command lines of older registrars, mapped to anyarch's own functions. */
#pragma once

#include "cli/cli.h"

struct register_report;
struct register_options;

/*
 * Each takes the arguments after the image's name and returns an exit status. Unlike the originals, they fail if any
 * step failed. Log lines go to stderr, answers to stdout.
 */

/* tonistiigi/binfmt: --install LIST, --uninstall LIST, --mount DIR, --version; JSON on stdout. */
int legacy_binfmt(int argc, char **argv);
/* multiarch/qemu-user-static and qemu-binfmt-conf.sh: --reset, -p yes, -c yes, --qemu-path, … */
int legacy_conf_script(int argc, char **argv);
/*
 * Reports failures and how long the new handlers last. If nothing was registered: EXIT_DONE if this machine natively
 * runs what the image's emulators are for, as an ARM machine may; an error if the image has no emulator.
 */
int legacy_finish(const struct register_report *report, const struct register_options *options, bool quiet);
/* Prints the status JSON of oneshot. Returns an exit status. */
int legacy_print_status(const char *mount_at);
