/* SPDX-License-Identifier: MIT */
/* Shell completion: the words that may replace the one under the cursor. */
#pragma once

/* Prints the candidates for argv, the words after "anyarch" up to the cursor. Returns an exit status. */
int completion_words(int argc, char **argv);
