/* SPDX-License-Identifier: MIT */
/* The command lines of older registrars, carried out with ours. */
#pragma once

#include "cli/cli.h"

struct register_report;
struct register_options;

/*
 * Each takes the words after the image's name and returns an exit status. Unlike their models they
 * fail when something failed. Log lines go to stderr, answers to stdout.
 */

/* tonistiigi/binfmt: --install LIST, --uninstall LIST, --mount DIR, --version; JSON on stdout. */
int legacy_binfmt(int argc, char **argv);
/* multiarch/qemu-user-static and qemu-binfmt-conf.sh: --reset, -p yes, -c yes, --qemu-path, … */
int legacy_conf_script(int argc, char **argv);
/*
 * Reports what failed and how long the rest lasts. Where there was nothing to register: EXIT_DONE if the machine runs
 * by itself what the image has emulators for, as on an ARM machine; an image without emulators is an error.
 */
int legacy_finish(const struct register_report *report, const struct register_options *options, bool quiet);
/* Prints the status JSON of oneshot. */
int legacy_print_status(const char *mount_at);
