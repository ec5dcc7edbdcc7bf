// SPDX-License-Identifier: MIT
/* Native tools for the platforms of a run, gathered once for each. */
#include "accel/toolchains.h"

#include <string.h>

#include "base/memory.h"
#include "image/facts.h"

static bool is_for(const struct toolchain *t, const struct platform *platform)
{
	return t->platform.arch == platform->arch && !strcmp(t->triplet, name_words(platform).gnu);
}

/* Gathers the tools of a root file system or an image; NULL: of the machine itself. */
static int load(const char *set, const struct platform *platform, struct toolchain *ret, struct err *e)
{
	const struct toolchain_request request = { .platform = platform, .is_set = set };
	int r = set && image_is_target(set) ? toolchain_gather_image(set, &request, ret, e)
					    : toolchain_gather_dir(set ? set : "/", &request, ret, e);

	return r && set ? err_prefix(e, "%s", set) : r;
}

int toolchains_find(
	struct toolchains *all, const struct platform *platform, const struct toolchain **ret, struct err *e)
{
	auto_free struct toolchain *made = NULL;
	int r;

	for (size_t i = 0; i < all->n; i++)
		if (is_for(all->list[i], platform)) {
			*ret = all->list[i];
			return 0;
		}
	if (all->n == TOOLCHAINS_MAX)
		return err_set(e, -E2BIG, "tools for more than %d platforms", TOOLCHAINS_MAX);
	made = mem_new(1, sizeof(*made));
	r = load(all->set, platform, made, e);
	if (r)
		return r;
	r = all->needs_digests ? toolchain_digest(made, e) : 0;
	if (r) {
		toolchain_done(made);
		return r;
	}
	*ret = all->list[all->n++] = take_ptr(&made);
	return 0;
}

void toolchains_done(struct toolchains *all)
{
	for (size_t i = 0; i < all->n; i++) {
		toolchain_done(all->list[i]);
		free(all->list[i]);
	}
	all->n = 0;
}
