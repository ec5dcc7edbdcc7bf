// SPDX-License-Identifier: MIT
/* Checks what a dynamic program needs besides an emulator: its loader, and the libraries that the loader searches. */
#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "emulator/package.h"
#include "report/doctor.h"
#include "report/file.h"
#include "report/libraries.h"

enum { EMULATOR_BYTES_MAX = 64 * 1024 * 1024 };

/* The emulator's library prefix (qemu's -L); the default is a string in the emulator, "/etc/qemu-binfmt/%M". */
static bool find_prefix(const struct rule *rule, const struct arch *arch, struct buf *ret)
{
	const char *named = getenv("QEMU_LD_PREFIX"), *found;
	auto_fd fd = fd_open_regular(AT_FDCWD, rule->interpreter, 0);
	auto_buf file = { 0 };

	if (named && *named) {
		buf_adds(ret, named);
		return true;
	}
	if (fd < 0 || fd_read_all(fd, EMULATOR_BYTES_MAX, &file))
		return false;
	found = memmem(file.data, file.len, "/%M", sizeof("/%M"));
	if (!found)
		return false;
	while (found > file.data && found[-1])
		found--;
	buf_addf(ret, "%.*s/%s", (int)(strlen(found) - strlen("/%M")), found, arch->qemu);
	return *found == '/';
}

/* Whether QEMU finds the loader under its prefix: the program then runs on this machine only. */
static bool check_prefix(const struct file_step *step, const char *prefix, struct doctor *d)
{
	auto_buf loader = { 0 };

	buf_addf(&loader, "%s%s", prefix, step->elf.interpreter);
	if (!*prefix || access(buf_text(&loader), R_OK))
		return false;
	doctor_add(d, NOTE("loader-prefix"), NULL,
		"%s runs here, as QEMU finds %s below %s, and fails in containers and other roots that have no %s",
		step->path, step->elf.interpreter, prefix, step->elf.interpreter);
	return true;
}

/* Reports a loader that is cut off, or none: a program, which is started instead, or crashes. */
static void check_itself(int root, const struct file_step *step, struct doctor *d)
{
	auto_free struct elf_info *elf = mem_new(1, sizeof(*elf));
	auto_fd fd = file_open(root, step->elf.interpreter);
	const char *name = str_basename(step->elf.interpreter);

	if (fd < 0 || elf_read(fd, elf, NULL))
		return;
	if (elf->is_truncated)
		doctor_add(d, PROBLEM("truncated"), NULL, "%s needs %s, which is shorter than its header says",
			step->path, step->elf.interpreter);
	else if (elf_arch(&elf->head) != elf_arch(&step->elf.head) || elf->head.bits != step->elf.head.bits)
		doctor_add(d, PROBLEM("loader-foreign"), NULL, "%s needs %s, which is for another architecture",
			step->path, step->elf.interpreter);
	/* Some loaders are static-pie programs, such as nix-ld and Android's: guess by their names. */
	else if (elf->linkage == ELF_STATIC || elf->linkage == ELF_DYNAMIC ||
		 (elf->linkage == ELF_STATIC_PIE && !str_starts(name, "ld") && !str_starts(name, "linker")))
		doctor_add(d, PROBLEM("loader-foreign"), NULL,
			"%s needs %s, which is a program and not a loader: it is started instead, or crashes",
			step->path, step->elf.interpreter);
}

void doctor_loader(const struct rule *rule, int root, const struct file_step *step, const struct file_facts *facts,
	struct doctor *d)
{
	auto_buf hint = { 0 }, prefix = { 0 };
	bool is_here = root < 0 && rule && facts->has_platform && find_prefix(rule, facts->platform.arch, &prefix);
	struct libraries_missing missing;
	struct libraries_place place = { root, is_here ? buf_text(&prefix) : NULL, step->elf.interpreter };

	if (!step->elf.has_interpreter)
		return;
	if (facts->has_loader)
		check_itself(root, step, d);
	if (facts->has_loader || (is_here && check_prefix(step, buf_text(&prefix), d))) {
		if (!facts->has_platform)
			return;
		libraries_check(&place, step->path, &facts->platform, &missing);
		if (missing.file.len)
			doctor_add(d, PROBLEM("library-missing"), NULL, "%s does not start, as its loader misses %s",
				step->path, buf_text(&missing.file));
		else if (missing.symbol.len)
			doctor_add(d, missing.is_early ? PROBLEM("symbol-missing") : WARNING("symbol-missing"), NULL,
				"%s %s, as no library has the symbol %s", step->path,
				missing.is_early ? "does not start" : "may end while it runs",
				buf_text(&missing.symbol));
		buf_done(&missing.file);
		buf_done(&missing.symbol);
		return;
	}
	if (str_starts(step->elf.interpreter, "/lib")) { /* packages have loaders below /lib only */
		struct name_words words = name_words(&facts->platform);
		const char *library = strstr(step->elf.interpreter, "musl") ? "musl" : "libc6";
		auto_buf install = { 0 };
		bool is_apt = package_install(&install, library,
			strstr(step->elf.interpreter, "musl") ? "the C library musl" : "the GNU C library (glibc)");

		/* On Debian, the C library of another architecture comes by multiarch. */
		if (!facts->has_platform || !*words.debian)
			buf_adds(&hint, "link it statically");
		else if (facts->platform.arch == arch_host())
			buf_adds(&hint, buf_text(&install));
		else if (!is_apt)
			buf_addf(&hint, "install the C library of %s, or link it statically", words.debian);
		else
			buf_addf(&hint, "sudo dpkg --add-architecture %s && sudo apt update && sudo apt install %s:%s",
				words.debian, library, words.debian);
	}
	doctor_add(d, PROBLEM("loader-missing"), buf_text(&hint),
		"%s needs %s, which is not there: '%s' although the program exists", step->path, step->elf.interpreter,
		strerror(d->started == -EACCES ? EACCES : ENOENT));
}
