// SPDX-License-Identifier: MIT
/* Determines whether a target needs an emulator, which one, and its path. */
#include <fcntl.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "binfmt/handler.h"
#include "binfmt/native.h"
#include "emulator/stub.h"
#include "image/packed.h"
#include "inject/work.h"

/* Opens a program, or a compressed archive that contains one: it is unpacked into memory. */
static int open_named(const char *name, const struct arch *arch, struct emulator *ret, struct err *e)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, name, 0), unpacked = -1;
	char path[64];

	if (fd < 0 || codec_at(fd, 0) != CODEC_SUPPORTED)
		return emulator_open("", name, arch, ret, e);
	unpacked = packed_open(fd, e);
	if (unpacked < 0)
		return unpacked;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", unpacked);
	return emulator_open("", path, arch, ret, e);
}

int inject_find_source(struct inject *inject, const struct arch *arch, struct inject_source **ret, struct err *e)
{
	const struct inject_options *options = inject->options;
	struct inject_source *source = inject->sources;
	int r;

	while (source < inject->sources + inject->n_sources && source->emulator.arch != arch)
		source++;
	*ret = source;
	if (source < inject->sources + inject->n_sources)
		return 0;
	if (inject->n_sources == ARRAY_SIZE(inject->sources))
		return err_set(e, -E2BIG, "emulators for more than %d architectures", INJECT_SOURCES_MAX);
	r = options->emulator ? open_named(options->emulator, arch, &source->emulator, e)
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
	char *path = options->at ? mem_text(options->at) : handler_unfixed_interpreter(arch);

	return path ? path : mem_print("/usr/bin/qemu-%s-static", arch->qemu);
}
