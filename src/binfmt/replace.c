// SPDX-License-Identifier: MIT
/* Replaces a handler without a gap, and cleans up after a run that was killed. */
#include "binfmt/replace.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "arch/probe.h"
#include "base/memory.h"
#include "base/str.h"

#define NEW_MARK   ".new-"
#define TRIAL_MARK ".probe-"

int replace_nonce(uint8_t *nonce, size_t len, struct err *e)
{
	return getrandom(nonce, len, 0) == (ssize_t)len ? 0 : err_sys(e, -EIO, "cannot get random bytes");
}

/* Composes NAME, mark and the nonce. */
static int name_temporary(
	const char *name, const char *mark, const uint8_t *nonce, char ret[RULE_NAME_MAX + 1], struct err *e)
{
	char hex[2 * PROBE_NONCE_LEN + 1];

	for (size_t i = 0; i < PROBE_NONCE_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", nonce[i]);
	if (snprintf(ret, RULE_NAME_MAX + 1, "%s%s%s", name, mark, hex) > RULE_NAME_MAX)
		return err_set(e, -EBADMSG, "the name '%s' is too long to be replaced", name);
	return 0;
}

int replace_begin(
	const struct instance *instance, const struct rule *rule, char temporary[RULE_NAME_MAX + 1], struct err *e)
{
	uint8_t nonce[PROBE_NONCE_LEN];
	struct rule renamed = *rule;
	int r = replace_nonce(nonce, sizeof(nonce), e);

	r = r ? r : name_temporary(rule->name, NEW_MARK, nonce, temporary, e);
	renamed.name = temporary;
	return r ? r : table_add(instance, &renamed, e);
}

int replace_finish(const struct instance *instance, const struct rule *rule, const char *temporary, struct err *e)
{
	int r = table_remove(instance, rule->name, e);

	if (r && r != -ENOENT)
		return r;
	r = table_add(instance, rule, e);
	if (r) {
		err_prefix(e, "the new handler serves as %s", temporary);
		return err_hint(e, "run the same command again to give it its name");
	}
	return table_remove(instance, temporary, e);
}

int replace_try(const struct instance *instance, const struct rule *rule, const uint8_t *nonce,
	char temporary[RULE_NAME_MAX + 1], struct err *e)
{
	auto_free char *mark = mem_print(TRIAL_MARK "%ld-", (long)getpid());
	struct rule trial = *rule;
	int r = name_temporary(rule->name, mark, nonce, temporary, e);

	trial.name = temporary;
	memcpy(trial.magic + PROBE_NONCE_AT, nonce, PROBE_NONCE_LEN);
	memset(trial.mask + PROBE_NONCE_AT, 0xff, PROBE_NONCE_LEN);
	return r ? r : table_add(instance, &trial, e);
}

static bool is_nonce(const char *text)
{
	return strlen(text) == 2 * PROBE_NONCE_LEN && strspn(text, "0123456789abcdef") == 2 * PROBE_NONCE_LEN;
}

static const char *find_last(const char *text, const char *mark)
{
	const char *last = NULL;

	for (const char *p = text; (p = strstr(p, mark)); p++)
		last = p;
	return last;
}

bool replace_is_temporary(const char *entry, size_t *ret_base_len, bool *ret_is_trial)
{
	const char *mark = find_last(entry, NEW_MARK);
	const char *nonce = mark ? mark + strlen(NEW_MARK) : NULL;
	bool is_trial = !nonce || !is_nonce(nonce);

	if (is_trial) {
		size_t digits;

		mark = find_last(entry, TRIAL_MARK);
		nonce = mark ? mark + strlen(TRIAL_MARK) : "";
		digits = strspn(nonce, "0123456789");
		if (!digits || nonce[digits] != '-')
			return false;
		nonce += digits + 1;
	}
	if (mark == entry || !is_nonce(nonce))
		return false;
	if (ret_base_len)
		*ret_base_len = (size_t)(mark - entry);
	if (ret_is_trial)
		*ret_is_trial = is_trial;
	return true;
}

int replace_sweep(const struct instance *instance, const struct table *table, unsigned *writes, struct err *e)
{
	for (size_t i = 0; i < table->n; i++) {
		const char *name = table->entries[i].rule.name;
		auto_free char *base = mem_text(name);
		bool is_trial;
		size_t len;
		int r;

		if (!replace_is_temporary(name, &len, &is_trial))
			continue;
		base[len] = '\0';
		if (!is_trial && !table_find(table, base))
			continue;
		r = table_remove(instance, name, e);
		if (r && r != -ENOENT)
			return r;
		++*writes;
	}
	return 0;
}
