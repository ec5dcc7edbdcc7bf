// SPDX-License-Identifier: MIT
/* Counts ELF files by architecture, with examples. */
#include "arch/tally.h"

#include <string.h>

#include "arch/abi.h"
#include "base/memory.h"

void tally_add(struct tally *tally, const struct elf_head *head, const char *path)
{
	const struct arch *arch = elf_is_other_system(head) ? NULL : elf_arch(head);
	struct tally_kind *kind = tally->kinds;

	for (; kind < tally->kinds + tally->n; kind++)
		if (kind->arch || arch ? kind->arch == arch
				       : kind->head.machine == head->machine && kind->head.bits == head->bits &&
						 kind->head.is_big == head->is_big)
			break;
	if (kind == tally->kinds + TALLY_KINDS_MAX) {
		tally->others++;
		return;
	}
	if (kind == tally->kinds + tally->n) {
		*kind = (struct tally_kind){ .head = *head, .arch = arch };
		tally->n++;
	}
	if (kind->count < TALLY_EXAMPLES)
		kind->examples[kind->count] = mem_text(path);
	kind->count++;
}

const struct tally_kind *tally_majority(const struct tally *tally)
{
	const struct tally_kind *most = NULL;

	for (size_t i = 0; i < tally->n; i++)
		if (!most || tally->kinds[i].count > most->count)
			most = &tally->kinds[i];
	return most;
}

void tally_done(struct tally *tally)
{
	for (size_t i = 0; i < tally->n; i++)
		for (size_t k = 0; k < TALLY_EXAMPLES; k++)
			free(tally->kinds[i].examples[k]);
	*tally = (struct tally){ 0 };
}

void tally_name(struct buf *out, const struct tally_kind *kind)
{
	const char *machine = abi_machine(kind->head.machine);

	if (kind->arch)
		buf_adds(out, kind->arch->qemu);
	else if (machine)
		buf_addf(out, "%u-bit %s-endian %s", kind->head.bits, kind->head.is_big ? "big" : "little", machine);
	else
		buf_addf(out, "%u-bit %s-endian machine %u", kind->head.bits, kind->head.is_big ? "big" : "little",
			kind->head.machine);
}
