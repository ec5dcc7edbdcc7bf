// SPDX-License-Identifier: MIT
/* THE table of tools that can run natively. */
#include "accel/tools.h"

#include <stdio.h>
#include <string.h>

#define TOOL_PLUGIN "plugins/liblto_plugin-%V.so"

/*
 * What depends on both machine and root stays emulated: plugins and character converters are libraries that the
 * compiler loads; "native" means the emulated CPU; profiles and other header directories are not proven equal.
 */
#define RULES_COMPILER                                                                                                 \
	"r", "v-fplugin", "s=native", "v-fprofile-use", "v-fbranch-probabilities", "v-fauto-profile", "v-m31",         \
		"v-m32", "v-mx32"
#define RULES_HEADERS                                                                                                  \
	"v-finput-charset", "v-fexec-charset", "v-fwide-exec-charset", "v-isysroot", "v-iprefix", "v-iwithprefix",     \
		"x/usr/lib/gcc-cross/%T", "eC_INCLUDE_PATH", "eCPLUS_INCLUDE_PATH", "eOBJC_INCLUDE_PATH",              \
		"n-imultiarch"
/*
 * The header directories of the root's own compiler (gcc/cppdefault.cc); a cross compiler has others, which do not
 * exist in a root. All are named: gcc silently skips missing and repeated directories. -iwithprefix, unlike -isystem,
 * makes them the compiler's own (no warnings, <stdc-predef.h> is found); the last -iprefix moves the cross compiler's
 * directories to those of the root.
 */
/* Macros concatenate words to one literal: no comma is missing, and literals need no parentheses. */
/* NOLINTBEGIN(bugprone-suspicious-missing-comma,bugprone-macro-parentheses) */
#define PLACE(path) "a-iwithprefix", "a" path
#define RULES_C_PLACES                                                                                                 \
	"u-nostdinc", "a-iprefix", "a/", PLACE("usr/lib/gcc/%T/%V/include"), PLACE("usr/local/include/%T"),            \
		PLACE("usr/local/include"), PLACE("usr/lib/gcc/%T/%V/include-fixed"),                                  \
		PLACE("usr/lib/gcc/%T/%V/../../../../%T/include"), PLACE("usr/include/%T"), PLACE("usr/include"),      \
		"a-iprefix", "a/usr/lib/gcc/%T/%V/", "."

/*
 * Files for LTO contain numbers of the machine that wrote them (gcc/tree-streamer-out.cc: floating-point numbers in
 * words as wide as long), so the root's own compiler writes them if its numbers differ. Those for modules name that
 * machine, and a compiler of another one refuses them (gcc/cp/module.cc, read_config): they are always the root's own.
 */
#define RULES_LTO "!v-flto", "v-fmodule"
/* CVE-2023-4039: in packages of one version, arrays are before or after the canary; only the root's may be fixed. */
#define RULES_REVISION "~aarch64:w-fstack-protector"

static const char *const rules_c[] = { RULES_COMPILER, RULES_HEADERS, RULES_LTO, RULES_REVISION, RULES_C_PLACES, NULL };
static const char *const rules_cxx[] = { RULES_COMPILER, RULES_HEADERS, RULES_LTO, RULES_REVISION, "u-nostdinc",
	"u-nostdinc++", "a-iprefix", "a/", PLACE("usr/include/c++/%V"), PLACE("usr/include/%T/c++/%V"),
	PLACE("usr/include/c++/%V/backward"), ".", RULES_C_PLACES, NULL };
static const char *const rules_lto[] = { RULES_COMPILER, RULES_REVISION, NULL };
static const char *const rules_as[] = { "r", "s=native", NULL };
/* Only a native linker searches LD_LIBRARY_PATH for indirect libraries (ld(1), -rpath-link). */
static const char *const rules_ld[] = { "r", "eLD_LIBRARY_PATH", "p-plugin", "p--plugin", NULL };
/*
 * For LTO objects, these load ../lib/bfd-plugins relative to their own path (bfd/plugin.c). The native ones get
 * --plugin instead, as from gcc-ar; strip and objcopy have no such option and stay emulated. If the root also has
 * LLVM's plugin, all stay emulated.
 */
#define LLVM(version) "x/usr/lib/bfd-plugins/LLVMgold-" #version ".so"
static const char *const rules_plugin[] = { "r", "p--plugin", "x/usr/lib/bfd-plugins/LLVMgold.so", LLVM(11), LLVM(12),
	LLVM(13), LLVM(14), LLVM(15), LLVM(16), LLVM(17), LLVM(18), LLVM(19), LLVM(20), LLVM(21), LLVM(22), LLVM(23),
	"b--plugin", "b%P/" TOOL_PLUGIN, NULL };
static const char *const rules_none[] = { NULL };

/*
 * A native tool must have the same width and byte order as the tool that it replaces: what binutils calculate
 * (assembler expressions, linker scripts, addresses) is as wide as the machine's bfd_vma, and lto1 and its plugin read
 * numbers as they are in memory. cc1 and cc1plus do not depend on it: HOST_WIDE_INT has 64 bits on every machine
 * (gcc/hwint.h), constants and addresses are kept in it or in wide_int, real numbers in words of fixed width
 * (gcc/real.h). Their other input and output is text, except for LTO and module files (RULES_LTO) and for precompiled
 * headers, which carry the compiler's checksum.
 */
#define OF_GCC(program, from, words)                                                                                   \
	.name = program, .native = { "/usr/lib/gcc-cross/%T/%V/" program, "/usr/libexec/gcc-cross/%T/%V/" program },   \
	.twins = { "/usr/lib/gcc/%T/%V/" program, "/usr/libexec/gcc/%T/%V/" program }, .file = "bin/" program "-%V",   \
	.identity = IDENTITY_GCC, .has_target = true, .package = from, .rules = words
#define OF_BINUTILS(program, words)                                                                                    \
	.name = program, .native = { "/usr/bin/%T-" program },                                                         \
	.twins = { "/usr/bin/%T-" program, "/usr/bin/" program }, .file = "bin/" program,                              \
	.identity = IDENTITY_BINUTILS, .package = "binutils-%T", .rules = words, .wants_same_numbers = true

/*
 * Tools that every system has. Required for all: the same package, version and bytes as installed by the packages of
 * both roots, so the same source with the same defaults; libraries of the same upstream versions; locale C or C.UTF-8,
 * whose tables are built into glibc; no preloaded libraries; accounts from files. File sizes and times have 64 bits in
 * both kernels' calls (_FILE_OFFSET_BITS), and so have the numbers used in calculations (intmax_t). Numbers beyond 32
 * bits, times from 2038 on and files beyond 32-bit offsets are errors in a 32-bit root. Information about this process
 * (/proc) comes from the emulator, which answers for another machine.
 *
 * Never: programs that report the machine (uname, arch, nproc, getconf, dpkg, ldd, make's MAKE_HOST, bash's MACHTYPE,
 * perl and python); programs that print C types or calculate with long double, which has 64, 80 or 128 bits (od,
 * printf, seq, numfmt, sort -g); awk, whose integers are long and whose functions are the machine's libm; stdbuf, which
 * preloads; df and stat -f, which the emulator answers.
 */
#define EVERYWHERE	 "g", "s/proc/"
#define NAMES		 "N"
#define IN_64_BITS(word) "!" word

/*
 * dash: arithmetic is intmax_t, printf's double has 64 bits. The emulator, unlike a native shell, ignores some limits.
 */
static const char *const rules_sh[] = { "g", "c/proc/", "culimit", NULL };
static const char *const rules_plain[] = { EVERYWHERE, NULL };
/* These look up owners by name. */
static const char *const rules_names[] = { EVERYWHERE, NAMES, NULL };
/* -g compares long doubles; it may be part of a key: -k2g, 2,3g. */
static const char *const rules_sort[] = { EVERYWHERE, "og", NULL };
/* A given time is a time_t, which has 32 bits in some roots. */
static const char *const rules_times[] = { EVERYWHERE, IN_64_BITS("v-"), NULL };
static const char *const rules_find[] = { EVERYWHERE, NAMES, IN_64_BITS("v-newer"), NULL };
static const char *const rules_tar[] = { EVERYWHERE, NAMES, "eTAR_OPTIONS", IN_64_BITS("v--mtime"),
	IN_64_BITS("v--newer"), IN_64_BITS("v--after"), IN_64_BITS("oN"), NULL };
/* Block sizes of compression depend on available memory. */
static const char *const rules_xz[] = { EVERYWHERE, IN_64_BITS("n-d"), "eXZ_DEFAULTS", "eXZ_OPT", NULL };
/* Compression depends on the number of threads, decompression on nothing. */
static const char *const rules_zstd[] = { EVERYWHERE, "n-d", NULL };
/* Building uses as many threads as memory allows, and --version names the architecture. */
static const char *const rules_dpkg_deb[] = { EVERYWHERE, NAMES, "v--b", "v-b", "v--version", NULL };
/* dpkg asks this of each package (is it a part?); parts that it writes contain the time. */
static const char *const rules_dpkg_split[] = { EVERYWHERE, "n-Qao", NULL };

#define OF_PACKAGE(program, from, words)                                                                               \
	.name = program, .native = { "/usr/bin/" program, "/bin/" program },                                           \
	.twins = { "/usr/bin/" program, "/bin/" program }, .file = "bin/" program, .identity = IDENTITY_PACKAGE,       \
	.package = from, .rules = words
#define COREUTILS(program)                                                                                             \
	{                                                                                                              \
		OF_PACKAGE(program, "coreutils", rules_plain)                                                          \
	}
#define COREUTILS_NAMES(program)                                                                                       \
	{                                                                                                              \
		OF_PACKAGE(program, "coreutils", rules_names)                                                          \
	}

const struct tool_kind tool_kinds[] = {
	{ OF_GCC("cc1", "gcc-%T", rules_c) },
	{ OF_GCC("cc1plus", "g++-%T", rules_cxx) },
	{ OF_GCC("lto1", "gcc-%T", rules_lto), .wants_same_numbers = true },
	{ .name = "liblto_plugin.so",
		.native = { "/usr/lib/gcc-cross/%T/%V/liblto_plugin.so",
			"/usr/libexec/gcc-cross/%T/%V/liblto_plugin.so" },
		.twins = { "/usr/lib/gcc/%T/%V/liblto_plugin.so", "/usr/libexec/gcc/%T/%V/liblto_plugin.so" },
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
	{ OF_PACKAGE("dash", "dash", rules_sh) },
	COREUTILS("["),
	COREUTILS("basename"),
	COREUTILS("cat"),
	COREUTILS("cksum"),
	COREUTILS("comm"),
	COREUTILS("cut"),
	COREUTILS("dirname"),
	COREUTILS("echo"),
	COREUTILS("env"),
	COREUTILS("expand"),
	COREUTILS("expr"),
	COREUTILS("false"),
	COREUTILS("fmt"),
	COREUTILS("fold"),
	COREUTILS("head"),
	COREUTILS("join"),
	COREUTILS("link"),
	COREUTILS("ln"),
	COREUTILS("md5sum"),
	COREUTILS("mkdir"),
	COREUTILS("mkfifo"),
	COREUTILS("mktemp"),
	COREUTILS("mv"),
	COREUTILS("nl"),
	COREUTILS("paste"),
	COREUTILS("printenv"),
	COREUTILS("pwd"),
	COREUTILS("readlink"),
	COREUTILS("realpath"),
	COREUTILS("rm"),
	COREUTILS("rmdir"),
	COREUTILS("sha1sum"),
	COREUTILS("sha224sum"),
	COREUTILS("sha256sum"),
	COREUTILS("sha384sum"),
	COREUTILS("sha512sum"),
	COREUTILS("sleep"),
	COREUTILS("split"),
	COREUTILS("sum"),
	COREUTILS("sync"),
	COREUTILS("tac"),
	COREUTILS("tail"),
	COREUTILS("tee"),
	COREUTILS("test"),
	COREUTILS("tr"),
	COREUTILS("true"),
	COREUTILS("tsort"),
	COREUTILS("tty"),
	COREUTILS("unexpand"),
	COREUTILS("uniq"),
	COREUTILS("unlink"),
	COREUTILS("wc"),
	COREUTILS("yes"),
	COREUTILS_NAMES("chgrp"),
	COREUTILS_NAMES("chmod"),
	COREUTILS_NAMES("chown"),
	COREUTILS_NAMES("cp"),
	COREUTILS_NAMES("id"),
	COREUTILS_NAMES("install"),
	COREUTILS_NAMES("ls"),
	COREUTILS_NAMES("whoami"),
	{ OF_PACKAGE("date", "coreutils", rules_times) },
	{ OF_PACKAGE("touch", "coreutils", rules_times) },
	{ OF_PACKAGE("sort", "coreutils", rules_sort) },
	{ OF_PACKAGE("sed", "sed", rules_plain) },
	{ OF_PACKAGE("grep", "grep", rules_plain) },
	{ OF_PACKAGE("find", "findutils", rules_find) },
	{ OF_PACKAGE("xargs", "findutils", rules_plain) },
	{ OF_PACKAGE("cmp", "diffutils", rules_plain) },
	{ OF_PACKAGE("diff", "diffutils", rules_plain) },
	{ OF_PACKAGE("diff3", "diffutils", rules_plain) },
	{ OF_PACKAGE("sdiff", "diffutils", rules_plain) },
	{ OF_PACKAGE("tar", "tar", rules_tar) },
	{ OF_PACKAGE("gzip", "gzip", rules_plain) },
	{ OF_PACKAGE("bzip2", "bzip2", rules_plain) },
	{ OF_PACKAGE("xz", "xz-utils", rules_xz) },
	{ OF_PACKAGE("zstd", "zstd", rules_zstd) },
	{ OF_PACKAGE("m4", "m4", rules_plain) },
	{ OF_PACKAGE("patch", "patch", rules_plain) },
	{ OF_PACKAGE("dpkg-deb", "dpkg", rules_dpkg_deb) },
	{ OF_PACKAGE("dpkg-split", "dpkg", rules_dpkg_split) },
	{ 0 },
};

/* NOLINTEND(bugprone-suspicious-missing-comma,bugprone-macro-parentheses) */

bool tool_compiles(const struct tool_kind *kind)
{
	return kind->identity != IDENTITY_PACKAGE;
}

bool tool_has_same_numbers(const struct arch *arch)
{
	return arch->bits == arch_host()->bits && arch->is_big == arch_host()->is_big;
}

bool tool_fits(const struct tool_kind *kind, const struct arch *arch)
{
	if (!tool_compiles(kind))
		return arch->is_big == arch_host()->is_big && arch->has_other_signals == arch_host()->has_other_signals;
	return !kind->wants_same_numbers || tool_has_same_numbers(arch);
}

bool tool_is_versioned(const struct tool_kind *kind)
{
	return strstr(kind->native[0], "%V");
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

int tool_read_package(const struct tool_kind *kind, const struct packages *packages, const struct tool_root *root,
	int fd, struct identity *ret)
{
	struct packages_field version;
	int r;

	if (!packages_version(packages, kind->package, &version) || version.len >= sizeof(ret->version))
		return 0;
	r = packages_owns(packages, &(struct packages_file){ root, kind->package, kind->name, fd });
	if (r != 1)
		return r;
	*ret = (struct identity){ 0 };
	snprintf(ret->vendor, sizeof(ret->vendor), "%s", kind->package);
	snprintf(ret->version, sizeof(ret->version), "%.*s", (int)version.len, version.text);
	snprintf(ret->package, sizeof(ret->package), "%s %s", ret->vendor, ret->version);
	return 1;
}
