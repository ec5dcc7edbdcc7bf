/* SPDX-License-Identifier: MIT */
/* The words that may stand where the cursor of a shell is. */
#pragma once

/* Prints them for the words behind anyarch, of which the last one is under the cursor. Returns an exit status. */
int completion_words(int argc, char **argv);
