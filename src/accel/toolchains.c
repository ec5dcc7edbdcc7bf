// SPDX-License-Identifier: MIT
/* Native tools for the platforms of a run, gathered once for each. */
#include "accel/toolchains.h"

#include <string.h>

#include "base/memory.h"
#include "image/facts.h"

int toolchains_find(
	struct toolchains *all, const struct platform *platform, const struct toolchain **ret, struct err *e)
{
	const struct toolchain_request request = { .platform = platform, .is_set = all->set };
	auto_free struct toolchain *made = NULL;
	int r;

	for (size_t i = 0; i < all->n; i++)
		if (all->list[i]->platform.arch == platform->arch &&
			!strcmp(all->list[i]->triplet, name_words(platform).gnu)) {
			*ret = all->list[i];
			return 0;
		}
	if (all->n == TOOLCHAINS_MAX)
		return err_set(e, -E2BIG, "tools for more than %d platforms", TOOLCHAINS_MAX);
	made = mem_new(1, sizeof(*made));
	if (all->set && image_is_target(all->set))
		r = toolchain_gather_image(all->set, &request, made, e);
	else
		r = toolchain_gather_dir(all->set ? all->set : "/", &request, made, e);
	if (r)
		return all->set ? err_prefix(e, "%s", all->set) : r;
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
