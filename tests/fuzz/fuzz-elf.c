// SPDX-License-Identifier: MIT
/* arch/elf and what is said of its answers: header, program headers, interpreter, build attributes.
 */
#include <string.h>

#include "arch/abi.h"
#include "arch/attributes.h"
#include "arch/kind.h"
#include "fuzz.h"

static void describe(const struct elf_info *info)
{
	struct platform platform;
	auto_buf text = { 0 };

	abi_describe(&text, info);
	must(buf_ok(&text));
	must(elf_linkage_words[info->linkage]);
	abi_machine(info->head.machine);
	abi_os(&info->head);
	if (abi_platform(info, &platform)) {
		must(platform.arch == elf_arch(&info->head) && platform.arch);
		must(memchr(platform.variant, '\0', sizeof(platform.variant)));
	}
}

/* The section alone, so that no section table has to be guessed for it. */
static void read_attributes(const uint8_t *data, size_t len)
{
	struct elf_arm little, big;

	attributes_parse(data, len, false, &little);
	attributes_parse(data, len, true, &big);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct elf_info info;
	struct elf_head head;
	auto_err e = { 0 }, e_head = { 0 };
	int r = elf_read(fuzz_file(data, len), &info, &e);
	int is_head = elf_read_head(data, len, &head, &e_head);

	fuzz_check(r, &e);
	must(is_head == 1 || is_head == 0 || is_head == -EBADMSG);
	must(r || is_head == 1);
	if (!r) {
		must(info.has_interpreter || !*info.interpreter);
		must(memchr(info.interpreter, '\0', sizeof(info.interpreter)));
		must(head.machine == info.head.machine && head.flags == info.head.flags);
		describe(&info);
	}
	read_attributes(data, len);
	kind_of(fuzz_file(data, len));
	return 0;
}
