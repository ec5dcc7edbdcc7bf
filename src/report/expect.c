// SPDX-License-Identifier: MIT
/* Checks whether files, root file systems and images are made for the expected platform. */
#include "report/expect.h"

#include <string.h>

#include "image/image_name.h"

/* Appends examples of files for other architectures. */
static void list_others(const struct platform *expected, const struct tally *tally, struct buf *out)
{
	for (size_t i = 0; tally && i < tally->n; i++)
		for (size_t k = 0; tally->kinds[i].arch != expected->arch && k < TALLY_EXAMPLES; k++)
			if (tally->kinds[i].examples[k])
				buf_addf(out, "%s%s", out->len ? ", " : "", tally->kinds[i].examples[k]);
}

int expect_platform(const struct platform *expected, const char *target, const struct platform *found,
	const struct tally *tally, struct err *e)
{
	auto_buf want = { 0 }, got = { 0 }, files = { 0 };

	if (!expected)
		return 0;
	list_others(expected, tally, &files);
	name_platform(&want, expected->arch, expected->variant);
	if (found)
		name_platform(&got, found->arch, found->variant);
	if (!found || !image_fits(expected, found))
		return err_set(e, -EBADMSG, "%s: made for %s, expected %s%s%s", target,
			found ? buf_text(&got) : "no known platform", buf_text(&want), files.len ? ": " : "",
			buf_text(&files));
	return files.len ? err_set(e, -EBADMSG, "%s: made for something else: %s", target, buf_text(&files)) : 0;
}

/* Engines select by label, so both the label and the files must fit. */
static int check_image(
	const struct platform *expected, const char *target, const struct image_facts *facts, struct err *e)
{
	const struct content *content = &facts->content;
	auto_buf label = { 0 }, files = { 0 };

	if (facts->err.code)
		return err_set(e, facts->err.code, "%s: %s", target, facts->err.message);
	if (!expected)
		return 0;
	if (facts->is_incomplete)
		return err_set(e, -EBADMSG, "%s: a layer is not in the file: cannot check", target);
	image_label(&label, facts->image);
	if (!facts->has_label || !image_fits(expected, &facts->label)) {
		list_others(expected, &content->tally, &files);
		return err_set(e, -EBADMSG, "%s: its label says %s%s%s%s", target, buf_text(&label),
			facts->has_label ? "" : ", which is not a known platform",
			files.len ? "; made for something else: " : "", buf_text(&files));
	}
	return expect_platform(expected, target, content->has_platform ? &content->platform : NULL, &content->tally, e);
}

/* How well the image's declared platform fits: 2 exactly, 1 an older variant, 0 not at all. */
static int rank(const struct platform *expected, const struct image_facts *facts)
{
	if (!expected || facts->image->kind != MODEL_IMAGE || !facts->has_called ||
		!image_fits(expected, &facts->called))
		return 0;
	return strcmp(facts->called.variant, expected->variant) && *expected->variant ? 1 : 2;
}

bool expect_is_repeated(const struct image_report *report, const char *reference, size_t i)
{
	for (size_t k = image_first(report, i); k < i; k++)
		if (image_first(report, k) == image_first(report, i) &&
			image_is_named(&report->model.images[k], reference))
			return true;
	return false;
}

int expect_images(const struct platform *expected, const char *target, const char *reference,
	const struct image_report *report, struct err *e)
{
	size_t runnable = 0, concerned = 0;
	auto_buf list = { 0 }, want = { 0 };
	int best = 0, r = 0;

	for (size_t i = 0; i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];

		if (!image_is_named(facts->image, reference) || facts->image->kind != MODEL_IMAGE ||
			expect_is_repeated(report, reference, i))
			continue;
		runnable++;
		if (list.len)
			buf_adds(&list, ", ");
		image_label(&list, facts->image);
		if (rank(expected, facts) > best)
			best = rank(expected, facts);
	}
	if (expected)
		name_platform(&want, expected->arch, expected->variant);
	if (!best && image_absent(report, reference, expected))
		return err_set(e, -EBADMSG,
			"%s: the image for %s is not in this file: its index names it, and it was not pulled", target,
			buf_text(&want));
	for (size_t i = 0; !r && i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];

		if (!image_is_named(facts->image, reference) || facts->image->kind != MODEL_IMAGE ||
			(expected && runnable > 1 && !facts->image->is_second_half && !facts->err.code &&
				(!best || rank(expected, facts) != best)))
			continue;
		concerned++;
		r = check_image(expected, target, facts, e);
	}
	if (r || !expected || concerned)
		return r;
	return err_set(e, -EBADMSG, "%s: contains no image for %s, only: %s", target, buf_text(&want),
		list.len ? buf_text(&list) : "nothing that runs");
}
