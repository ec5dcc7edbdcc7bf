/* SPDX-License-Identifier: MIT */
/* Replaces a handler without a gap, and cleans up after a run that was killed. */
#pragma once

#include "binfmt/table.h"

/*
 * binfmt_misc tries the newest entry first and has no rename, so a replacement has four steps: (a) register
 * NAME.new-NONCE, which serves; (b) remove the old NAME; (c) register NAME again, which serves; (d) remove
 * NAME.new-NONCE. An enabled entry matches at any time. After a kill at any step, the next run finds which of the names
 * exist and continues. A trial must not serve other programs: it is registered as NAME.probe-PID-NONCE with a magic
 * that matches one file only.
 */

/* Step (a). temporary receives the entry's name, which is valid after success. 0, or -errno with the table unchanged.
 */
int replace_begin(
	const struct instance *instance, const struct rule *rule, char temporary[RULE_NAME_MAX + 1], struct err *e);
/* Steps (b), (c), (d). If (c) fails, the temporary entry keeps serving, and e names it. */
int replace_finish(const struct instance *instance, const struct rule *rule, const char *temporary, struct err *e);

/* Registers a trial of rule for files that carry this nonce (PROBE_NONCE_LEN bytes) in their padding. */
int replace_try(const struct instance *instance, const struct rule *rule, const uint8_t *nonce,
	char temporary[RULE_NAME_MAX + 1], struct err *e);
int replace_nonce(uint8_t *nonce, size_t len, struct err *e);

/*
 * Whether entry is a temporary name, of (a) or a trial; *ret_base_len: length of the handler's name. Both may be NULL.
 */
bool replace_is_temporary(const char *entry, size_t *ret_base_len, bool *ret_is_trial);
/*
 * Removes leftovers, except NAME.new-NONCE without NAME, which serves. Adds the number of removals to *writes. Call it
 * with the lock held.
 */
int replace_sweep(const struct instance *instance, const struct table *table, unsigned *writes, struct err *e);
