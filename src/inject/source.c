// SPDX-License-Identifier: MIT
/* Determines whether a target needs an emulator, which one, and its path. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "binfmt/native.h"
#include "binfmt/table.h"
#include "emulator/stub.h"
#include "image/tar_read.h"
#include "inject/work.h"

/* Maximum size of a published program in bytes; the largest emulators have 14 MiB. */
enum { LIMIT_PACKED = 64 * 1024 * 1024 };

/*
 * Unpacks the first qemu-* of an emulator's archive as it is published (x86_64_qemu-arm-static.tar.gz) to an executable
 * memory file. Its descriptor, or -errno with e set.
 */
static int unpack_emulator(int fd, struct err *e)
{
	auto_fd to = -1;
	struct source *source;
	struct tar_reader tar;
	char block[32 * 1024];
	const char *codec;
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at it");
	source = source_decode(source_range(fd, 0, (uint64_t)st.st_size), &codec, e);
	if (!source)
		return e ? e->code : -EBADMSG;
	tar_init(&tar, source, false);
	do
		r = tar_next(&tar, e);
	while (r > 0 && (tar.entry.type != TAR_FILE || !str_starts(str_basename(tar.entry.path), "qemu-")));
	if (!r) {
		r = err_set(e, -ENOENT, "it contains no qemu-*");
	} else if (r > 0 && tar.entry.size > LIMIT_PACKED) {
		r = err_set(e, -E2BIG, "%s has more than %d bytes", tar.entry.path, LIMIT_PACKED);
	} else if (r > 0) {
		to = memfd_create("emulator", MFD_CLOEXEC);
		r = to < 0 ? -errno : 0;
		while (!r && (n = tar_read(&tar, block, sizeof(block), e)) != 0)
			r = n < 0 ? (int)n : fd_write(to, block, (size_t)n);
		if (!r && fchmod(to, 0755) < 0)
			r = -errno;
		if (r && !(e && e->code))
			err_sys(e, r, "cannot unpack it");
	}
	tar_done(&tar);
	source_free(source);
	return r ? r : take_fd(&to);
}

int inject_find_source(struct inject *inject, const struct arch *arch, struct inject_source **ret, struct err *e)
{
	const struct inject_options *options = inject->options;
	struct inject_source *source = inject->sources;
	const char *name = options->emulator;
	auto_fd fd = -1, unpacked = -1;
	char path[64];
	int r = 0;

	while (source < inject->sources + inject->n_sources && source->emulator.arch != arch)
		source++;
	*ret = source;
	if (source < inject->sources + inject->n_sources)
		return 0;
	if (inject->n_sources == ARRAY_SIZE(inject->sources))
		return err_set(e, -E2BIG, "emulators for more than %d architectures", INJECT_SOURCES_MAX);
	if (name)
		fd = fd_open_regular(AT_FDCWD, name, 0);
	if (fd >= 0 && codec_at(fd, 0) == CODEC_SUPPORTED) { /* an archive that contains the program */
		r = unpacked = unpack_emulator(fd, e);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", unpacked);
		name = path;
	}
	if (r >= 0)
		r = name ? emulator_open("", name, arch, &source->emulator, e)
			 : search_emulator(&options->search, arch, &source->emulator, NULL, e);
	if (r)
		return options->emulator ? err_prefix(e, "%s", options->emulator) : r;
	r = options->accelerate ? stub_use_unnamed(&source->emulator, e) : 0;
	if (r) {
		emulator_done(&source->emulator);
		return r;
	}
	inject->n_sources++;
	return 0;
}

bool inject_is_native(const struct inject_options *options, const struct arch *arch)
{
	bool is_native = false;

	if (arch == arch_host())
		return true;
	return !options->emulator && !native_test(&arch, 1, true, &is_native, NULL) && is_native;
}

char *inject_find_place(const struct inject_options *options, const struct arch *arch)
{
	char *path = options->at ? mem_text(options->at) : table_unfixed_interpreter(arch);

	return path ? path : mem_print("/usr/bin/qemu-%s-static", arch->qemu);
}
