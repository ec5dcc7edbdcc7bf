// SPDX-License-Identifier: MIT
/* image/facts over whole archives. */
#include "fuzz.h"
#include "image/facts.h"
#include "recipe.h"

static void check_image(const struct image_facts *facts)
{
	must(facts->image);
	if (facts->image->kind != MODEL_IMAGE)
		must(!facts->content.tally.n && !facts->content.n_emulators);
	must(!facts->err.code || facts->err.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = recipe_open(data, len), r;
	struct image_report report;
	auto_err e = { 0 };

	if (fd < 0)
		return 0;
	r = image_look(fd, NULL, &report, &e);
	fuzz_check(r, &e);
	must(report.model.n <= MODEL_IMAGES_MAX);
	for (size_t i = 0; !r && i < report.model.n; i++)
		check_image(&report.facts[i]);
	image_done(&report);
	return 0;
}
