// SPDX-License-Identifier: MIT
/* THE table of tools that can run natively. */
#include "accel/tools.h"

#include <string.h>

#define TOOL_PLUGIN "plugins/liblto_plugin-%V.so"

/*
 * What crosses the border between the machine and the root stays emulated: plugins and converters of characters are
 * libraries that the compiler loads; "native" means the CPU that is emulated; profiles and other places for headers are
 * not proven equal.
 */
#define RULES_COMPILER                                                                                                 \
	"r", "v-fplugin", "s=native", "v-fprofile-use", "v-fbranch-probabilities", "v-fauto-profile", "v-m31",         \
		"v-m32", "v-mx32"
#define RULES_HEADERS                                                                                                  \
	"v-finput-charset", "v-fexec-charset", "v-fwide-exec-charset", "v-isysroot", "v-iprefix", "v-iwithprefix",     \
		"x/usr/lib/gcc-cross/%T", "eC_INCLUDE_PATH", "eCPLUS_INCLUDE_PATH", "eOBJC_INCLUDE_PATH",              \
		"n-imultiarch"
/*
 * Where the root's own compiler looks for headers (gcc/cppdefault.cc): a cross compiler has other places, which are not
 * in a root. All are named, as gcc passes silently over those that are not there and over what it has already.
 * -iwithprefix, unlike -isystem, makes them the compiler's own (no warning, <stdc-predef.h> is found in them); the last
 * -iprefix moves the cross compiler's places to those of the root.
 */
/* Two words are one literal where a macro puts them together: no comma is missing, and literals need no parentheses. */
/* NOLINTBEGIN(bugprone-suspicious-missing-comma,bugprone-macro-parentheses) */
#define PLACE(path) "a-iwithprefix", "a" path
#define RULES_C_PLACES                                                                                                 \
	"u-nostdinc", "a-iprefix", "a/", PLACE("usr/lib/gcc/%T/%V/include"), PLACE("usr/local/include/%T"),            \
		PLACE("usr/local/include"), PLACE("usr/lib/gcc/%T/%V/include-fixed"),                                  \
		PLACE("usr/lib/gcc/%T/%V/../../../../%T/include"), PLACE("usr/include/%T"), PLACE("usr/include"),      \
		"a-iprefix", "a/usr/lib/gcc/%T/%V/", "."

/*
 * What is written for LTO and for modules has the numbers of the machine that wrote it in it
 * (gcc/tree-streamer-out.cc: a floating-point number in words as wide as its long), so it stays with the root's own
 * compiler where that has others.
 */
#define RULES_LTO "!v-flto", "!v-fmodule"
/* CVE-2023-4039: packages of one version lay arrays out on either side of the canary, and only the root's may be the
 * mended one. */
#define RULES_REVISION "~aarch64:v-fstack-protector"

static const char *const rules_c[] = { RULES_COMPILER, RULES_HEADERS, RULES_LTO, RULES_REVISION, RULES_C_PLACES, NULL };
static const char *const rules_cxx[] = { RULES_COMPILER, RULES_HEADERS, RULES_LTO, RULES_REVISION, "u-nostdinc",
	"u-nostdinc++", "a-iprefix", "a/", PLACE("usr/include/c++/%V"), PLACE("usr/include/%T/c++/%V"),
	PLACE("usr/include/c++/%V/backward"), ".", RULES_C_PLACES, NULL };
static const char *const rules_lto[] = { RULES_COMPILER, RULES_REVISION, NULL };
static const char *const rules_as[] = { "r", "s=native", NULL };
/* Only a native linker looks at LD_LIBRARY_PATH for what libraries need (ld(1), -rpath-link). */
static const char *const rules_ld[] = { "r", "eLD_LIBRARY_PATH", "p-plugin", "p--plugin", NULL };
/*
 * So that they know objects of LTO these load what is in ../lib/bfd-plugins from where they are (bfd/plugin.c); the
 * native ones are told by --plugin, as gcc-ar does; strip and objcopy have no such option, and stay emulated. Where the
 * root has LLVM's plugin as well they stay emulated.
 */
#define LLVM(version) "x/usr/lib/bfd-plugins/LLVMgold-" #version ".so"
static const char *const rules_plugin[] = { "r", "p--plugin", "x/usr/lib/bfd-plugins/LLVMgold.so", LLVM(11), LLVM(12),
	LLVM(13), LLVM(14), LLVM(15), LLVM(16), LLVM(17), LLVM(18), LLVM(19), LLVM(20), LLVM(21), LLVM(22), LLVM(23),
	"b--plugin", "b%P/" TOOL_PLUGIN, NULL };
static const char *const rules_none[] = { NULL };

/*
 * A native tool has the width and the byte order of numbers of the tool that it replaces: what binutils calculate
 * (assembler expressions, linker scripts, addresses) is as wide as the machine's bfd_vma, and lto1 and its plugin read
 * numbers as they are in memory. cc1 and cc1plus are free of that: HOST_WIDE_INT has 64 bits on every machine
 * (gcc/hwint.h), constants and addresses are kept in it or in wide_int, real numbers in words of fixed width
 * (gcc/real.h); what they read and write otherwise is text, but for the files of LTO and of modules (RULES_LTO) and for
 * precompiled headers, which carry the compiler's checksum.
 */
#define OF_GCC(program, from, words)                                                                                   \
	.name = program, .native = "/usr/lib/gcc-cross/%T/%V/" program, .twins = { "/usr/lib/gcc/%T/%V/" program },    \
	.file = "bin/" program "-%V", .identity = IDENTITY_GCC, .has_target = true, .package = from, .rules = words
#define OF_BINUTILS(program, words)                                                                                    \
	.name = program, .native = "/usr/bin/%T-" program, .twins = { "/usr/bin/%T-" program, "/usr/bin/" program },   \
	.file = "bin/" program, .identity = IDENTITY_BINUTILS, .package = "binutils-%T", .rules = words,               \
	.wants_same_numbers = true

const struct tool_kind tool_kinds[] = {
	{ OF_GCC("cc1", "gcc-%T", rules_c) },
	{ OF_GCC("cc1plus", "g++-%T", rules_cxx) },
	{ OF_GCC("lto1", "gcc-%T", rules_lto), .wants_same_numbers = true },
	{ .name = "liblto_plugin.so",
		.native = "/usr/lib/gcc-cross/%T/%V/liblto_plugin.so",
		.twins = { "/usr/lib/gcc/%T/%V/liblto_plugin.so" },
		.file = TOOL_PLUGIN,
		.identity = IDENTITY_NONE,
		.is_plugin = true,
		.wants_same_numbers = true,
		.package = "gcc-%T",
		.rules = rules_none },
	{ OF_BINUTILS("as", rules_as), .has_target = true },
	{ OF_BINUTILS("ld.bfd", rules_ld) },
	{ OF_BINUTILS("ar", rules_plugin), .wants_plugin = true },
	{ OF_BINUTILS("nm", rules_plugin), .wants_plugin = true },
	{ OF_BINUTILS("ranlib", rules_plugin), .wants_plugin = true },
	{ 0 },
};

/* NOLINTEND(bugprone-suspicious-missing-comma,bugprone-macro-parentheses) */

bool tool_is_versioned(const struct tool_kind *kind)
{
	return strstr(kind->native, "%V");
}

void tool_expand(struct buf *out, const char *pattern, const char *triplet, const char *version, const char *place)
{
	for (const char *p = pattern; *p; p++) {
		if (*p != '%') {
			buf_add(out, p, 1);
			continue;
		}
		p++;
		buf_adds(out, *p == 'T' ? triplet : *p == 'V' ? version : place);
	}
}

/* A package's name cannot have "_" (Debian Policy 5.6.1): x86-64-linux-gnu. */
void tool_package(struct buf *out, const struct tool_kind *kind, const char *triplet)
{
	size_t from = out->len;

	tool_expand(out, kind->package, triplet, "", "");
	for (size_t i = from; i < out->len; i++)
		if (out->data[i] == '_')
			out->data[i] = '-';
}
