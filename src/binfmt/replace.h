/* SPDX-License-Identifier: MIT */
/* Swapping a handler with no moment without one, and tidying up after a run that was killed. */
#pragma once

#include "binfmt/table.h"

/*
 * binfmt_misc tries the newest entry first and has no rename, so a replacement is: (a) NAME.new-NONCE
 * is registered and serves; (b) the old NAME is removed; (c) NAME is registered again and serves;
 * (d) NAME.new-NONCE is removed. At each instant an enabled entry matches; killed anywhere, the next
 * run finds which of the names are there and goes on. A trial that must not serve anybody is
 * registered as NAME.probe-PID-NONCE with a magic that takes one file only.
 */

/* Steps: (a). temporary receives the entry's name. 0 or -errno with the table as it was. */
int replace_begin(
	const struct instance *instance, const struct rule *rule, char temporary[RULE_NAME_MAX + 1], struct err *e);
/* (b), (c), (d). When (c) fails the temporary entry is left serving, and e names it. */
int replace_finish(const struct instance *instance, const struct rule *rule, const char *temporary, struct err *e);

/* Registers a trial of rule for files that carry this nonce (PROBE_NONCE_LEN bytes) in their padding. */
int replace_try(const struct instance *instance, const struct rule *rule, const uint8_t *nonce,
	char temporary[RULE_NAME_MAX + 1], struct err *e);
int replace_nonce(uint8_t *nonce, size_t len, struct err *e);

/* Whether an entry is a leftover of (a) or of a trial; *ret_base_len is the length of the handler's name in it. NULL:
 * not asked. */
bool replace_is_temporary(const char *entry, size_t *ret_base_len, bool *ret_is_trial);
/*
 * Removes leftovers that nobody needs; a NAME.new-NONCE without its NAME serves and stays. Counts the
 * writes. Only under the lock.
 */
int replace_sweep(const struct instance *instance, const struct table *table, unsigned *writes, struct err *e);
