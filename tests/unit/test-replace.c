// SPDX-License-Identifier: MIT
/* binfmt/replace, binfmt/plan: whose an entry is by its name, what can be tried under another. */
#include "binfmt/replace.h"

#include <stdio.h>
#include <string.h>

#include "arch/probe.h"
#include "binfmt/plan.h"
#include "check.h"

static void temporaries_are_known_by_their_names(void **state)
{
	static const struct {
		const char *entry, *base;
		bool is_trial;
	} cases[] = {
		{ "qemu-arm.new-0123456789ab", "qemu-arm", false },
		{ "qemu-arm.new-ffffffffffff", "qemu-arm", false },
		{ "a.new-000000000000", "a", false },
		{ "qemu-arm.probe-1-0123456789ab", "qemu-arm", true },
		{ "qemu-arm.probe-4194304-0123456789ab", "qemu-arm", true },
		{ "qemu-microblaze-baab.new-0123456789ab", "qemu-microblaze-baab", false },
		{ "with blanks.new-0123456789ab", "with blanks", false },
		/* a handler may have such a name itself */
		{ "qemu.new-arm.new-0123456789ab", "qemu.new-arm", false },
		{ "a.new-0123456789ab.new-0123456789ab", "a.new-0123456789ab", false },
		{ "a.probe-x.new-0123456789ab", "a.probe-x", false },
		{ "a.new-x.probe-12-0123456789ab", "a.new-x", true },
		{ "a.probe-1-x.probe-12-0123456789ab", "a.probe-1-x", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = 999;
		bool is_trial = !cases[i].is_trial;
		bool is_temporary = replace_is_temporary(cases[i].entry, &len, &is_trial);

		check(is_temporary, "%s is not", cases[i].entry);
		if (!is_temporary)
			continue;
		check(len == strlen(cases[i].base), "%s: of the first %zu bytes", cases[i].entry, len);
		check(is_trial == cases[i].is_trial, "%s: trial %d", cases[i].entry, is_trial);
	}
}

/* Trials are removed by the next run, whoever made them: nobody else's entry may look like one. */
static void other_names_are_not_temporary(void **state)
{
	static const char *const names[] = { "", "qemu-arm", "qemu-arm.new", "qemu-arm.new-",
		"qemu-arm.new-0123456789a", "qemu-arm.new-0123456789abc", "qemu-arm.new-0123456789AB",
		"qemu-arm.new-0123456789ag", "qemu-arm.new-0123456789ab ", "qemu-arm.new-0123456789ab.d",
		"qemu-arm-new-0123456789ab", ".new-0123456789ab", "new-0123456789ab", "qemu-arm.probe-0123456789ab",
		"qemu-arm.probe-", "qemu-arm.probe-1-", "qemu-arm.probe-1", "qemu-arm.probe--0123456789ab",
		".probe-1-0123456789ab", "qemu-arm.probe-1-0123456789a", "qemu-arm.probe-1-0123456789abc",
		"qemu-arm.probe-one-0123456789ab", "qemu-arm.probe-1x-0123456789ab", "qemu-arm.probe- 1-0123456789ab",
		"qemu-arm.probe-1-2-0123456789ab", "WSLInterop", "python3.11", "register", "status" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = 999;
		bool is_trial;

		check(!replace_is_temporary(names[i], &len, &is_trial), "'%s' is taken for one", names[i]);
		check(len == 999, "'%s': not one, but of %zu bytes", names[i], len);
	}
}

/* A trial puts its nonce into the ELF padding, over which the magic has to reach. */
static void every_rule_can_be_tried(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_rule rule = rule_for_arch(a, 0, a->qemu, "/i", 0);

		check(rule.size >= PROBE_NONCE_AT + PROBE_NONCE_LEN, "%s cannot be tried", a->qemu);
	}
}

static void nonces_differ(void **state)
{
	uint8_t a[PROBE_NONCE_LEN] = { 0 }, b[PROBE_NONCE_LEN] = { 0 };

	(void)state;
	check(!replace_nonce(a, sizeof(a), NULL) && !replace_nonce(b, sizeof(b), NULL), "none");
	check(memcmp(a, b, sizeof(a)), "the same twice");
}

/* An entry is ours by its name together with what it takes, whoever registered it. */
static void owners_are_known(void **state)
{
	static const struct {
		const char *text, *owner;
	} cases[] = {
		/* tonistiigi, Debian 12, linuxkit: the same handler in their words */
		{ ":qemu-aarch64:M:0:"
		  "\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x00\\x02\\x00\\xb7\\x00:"
		  "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff"
		  "\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/usr/bin/qemu-aarch64:CF",
			"aarch64" },
		{ ":qemu-arm:M::"
		  "\\x7fELF\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x02\\x00\\x28\\x00:"
		  "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff"
		  "\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/usr/libexec/qemu-binfmt/"
		  "arm-binfmt-P:OPF",
			"arm" },
		{ ":qemu-aarch64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x00\\x02\\x00\\xb7:"
		  "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff"
		  "\\xff\\xff\\xff\\xff\\xfe\\xff\\xff:/usr/bin/qemu-aarch64:CF",
			"aarch64" },
		/* the name of another, no name of ours, and what is no ELF file */
		{ ":qemu-arm:M::"
		  "\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x02\\x00\\xb7\\x00::/i:",
			NULL },
		{ ":aarch64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x02\\x00\\xb7\\x00::/i:",
			NULL },
		{ ":qemu-arm:M::MZ::/i:", NULL },
		{ ":qemu-arm:E::exe::/i:", NULL },
		{ ":WSLInterop:M::MZ::/init:PF", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_rule rule = { 0 };
		const struct arch *owner;

		assert_int_equal(rule_parse(cases[i].text, strlen(cases[i].text), &rule, NULL), 0);
		owner = plan_owner(&rule);
		check(owner == (cases[i].owner ? arch_by_qemu(cases[i].owner) : NULL), "%s: %s", cases[i].text,
			owner ? owner->qemu : "nobody's");
	}
}

static void our_own_rules_are_ours(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			auto_rule rule = rule_for_arch(a, m, a->match[m].handler, "/i", 0);

			check(plan_owner(&rule) == a, "%s is not", rule.name);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(temporaries_are_known_by_their_names),
		unit(other_names_are_not_temporary),
		unit(every_rule_can_be_tried),
		unit(nonces_differ),
		unit(owners_are_known),
		unit(our_own_rules_are_ours),
	};

	return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
