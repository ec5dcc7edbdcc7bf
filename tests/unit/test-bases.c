// SPDX-License-Identifier: MIT
/* project/bases: the images that a build begins from, as the engine will ask for them, and no others. */
#include "project/bases.h"

#include <string.h>

#include "check.h"

/* What is found is written as IMAGE or IMAGE=PLATFORM, with blanks between; ? stands for what only the engine knows. */
static const struct {
	const char *what, *text, *want;
	const char *options[3];
} cases[] = {
	{ "one", "FROM a", "a", { NULL } },
	{ "lower case, tabs, a carriage return", "\tfrom\ta:1\tas x\r\nRUN b\r\n", "a:1", { NULL } },
	{ "a platform", "FROM --platform=linux/arm64 a", "a=linux/arm64", { NULL } },
	{ "the builder's platform", "FROM --platform=$BUILDPLATFORM a AS b\nFROM c\nCOPY --from=b x y\n",
		"a=linux/amd64 c", { NULL } },
	{ "the target's platform", "FROM --platform=${TARGETPLATFORM} a", "a", { NULL } },
	{ "two of them, the last one counts", "FROM --platform=$X --platform=a/b --platform=linux/arm64 a",
		"a=linux/arm64", { NULL } },
	{ "only the last stage counts", "FROM a\nFROM b", "b", { NULL } },
	{ "and what it is made of", "FROM a AS x\nFROM x AS y\nFROM Y\n", "a", { NULL } },
	{ "and copies from, by name and number",
		"FROM a AS x\nFROM b\nFROM c\nFROM d\nCOPY --chown=1 --from=X f g\nCOPY --from=1 f g\n", "a b d",
		{ NULL } },
	{ "a number is no stage to begin from", "FROM a\nFROM 0\n", "0", { NULL } },
	{ "scratch", "FROM scratch\nCOPY a b\n", "", { NULL } },
	{ "each once", "FROM a AS x\nFROM a\nCOPY --from=x f g\n", "a", { NULL } },
	{ "twice for two platforms", "FROM --platform=linux/s390x a AS x\nFROM a\nCOPY --from=x f g\n",
		"a=linux/s390x a", { NULL } },
	{ "an instruction on several lines", "FROM \\\n# why\n a:1 \\\n AS x\nFROM x", "a:1", { NULL } },
	{ "a digest, a port", "FROM r:5000/a@sha256:12", "r:5000/a@sha256:12", { NULL } },
	{ "ARG, in both spellings and quotes", "ARG V=1\nARG N=\"a:${V}\"\nFROM $N-x", "a:1-x", { NULL } },
	{ "ARG has commas, and quotes with blanks",
		"ARG V=a,b\nARG W=\"c d\"\nFROM z:$V AS q\nFROM $W\nCOPY --from=q e f", "z:a,b ?", { NULL } },
	{ "an ARG behind FROM is not for FROM", "ARG V=1\nFROM a:$V AS x\nARG V=2\nFROM b:$V\nCOPY --from=x c d\n",
		"a:1 b:1", { NULL } },
	{ "an ARG without a value", "ARG V\nFROM a:$V", "?", { NULL } },
	{ "other expansions", "ARG V=1\nFROM a:${V:-2}", "?", { NULL } },
	{ "an architecture", "FROM x AS base-arm\nFROM y AS base-amd64\nFROM base-$TARGETARCH", "?", { NULL } },
	{ "an option for ARG, the last one", "ARG V=1\nFROM a:$V", "a:3", { "--build-arg=V=2", "--build-arg=V=3" } },
	{ "an option that the engine looks up", "ARG V=1\nFROM a:$V", "?", { "--build-arg=V" } },
	{ "a target", "FROM a AS one\nFROM nowhere\n", "a", { "--target=ONE" } },
	{ "a target that is not there", "FROM a\n", "", { "--target=x" } },
	{ "a named context", "FROM mine AS x\nFROM b\nCOPY --from=x c d", "b",
		{ "--build-context=mine=docker-image://y" } },
	{ "a here-document",
		"FROM a\nRUN <<EOF\nFROM evil\nEOF\nCOPY <<-\"X\" <<Y /\n\tFROM evil\n\tX\nFROM evil\nY\nRUN b\n", "a",
		{ NULL } },
	{ "none without an end, and a here-string", "FROM a AS x\nRUN echo $((1<<A)) <<<c\nFROM b\n", "b", { NULL } },
	{ "what is no image", "FROM -x", "", { NULL } },
	{ "a value that grows",
		"ARG A=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nARG B=$A$A$A$A$A$A$A$A\nARG "
		"C=$B$B$B$B\nFROM $C",
		"?", { NULL } },
	{ "nothing", "", "", { NULL } },
};

static void images_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bases_request request = { cases[i].text, strlen(cases[i].text), cases[i].options, 0,
			"linux/amd64", "linux/arm/v7" };
		auto_bases bases = { 0 };
		auto_buf got = { 0 };

		while (request.n_options < ARRAY_SIZE(cases[i].options) && cases[i].options[request.n_options])
			request.n_options++;
		bases_read(&request, &bases);
		for (size_t k = 0; k < bases.n; k++)
			buf_addf(&got, "%s%s%s%s", k ? " " : "", bases.items[k].image,
				strcmp(bases.items[k].platform, "linux/arm/v7") ? "=" : "",
				strcmp(bases.items[k].platform, "linux/arm/v7") ? bases.items[k].platform : "");
		if (bases.has_unknown)
			buf_addf(&got, "%s?", got.len ? " " : "");
		check(!strcmp(buf_text(&got), cases[i].want), "%s: '%s' instead of '%s'", cases[i].what, buf_text(&got),
			cases[i].want);
	}
}

static void names_are_changed(void **state)
{
	static const char text[] = "ARG V=1\nFROM a:$V AS x\nRUN echo a:1\nFROM b\nFROM \"a:1\" AS z\nFROM \\\n a:1\n"
				   "COPY --from=x c d\nCOPY --from=z c d\n";
	static const char want[] = "ARG V=1\nFROM n/e:w AS x\nRUN echo a:1\nFROM b\nFROM n/e:w AS z\nFROM \\\n a:1\n"
				   "COPY --from=x c d\nCOPY --from=z c d\n";
	struct bases_request request = { text, sizeof(text) - 1, NULL, 0, "linux/amd64", "linux/arm/v7" };
	char *names[BASES_MAX] = { NULL };
	char name[] = "n/e:w";
	auto_bases bases = { 0 };
	auto_buf same = { 0 }, other = { 0 };

	(void)state;
	bases_read(&request, &bases);
	assert_int_equal(bases.n, 1);
	bases_rename(text, sizeof(text) - 1, &bases, names, &same);
	assert_string_equal(buf_text(&same), text);
	names[0] = name;
	bases_rename(text, sizeof(text) - 1, &bases, names, &other);
	assert_string_equal(buf_text(&other), want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { unit(images_are_found), unit(names_are_changed) };

	return cmocka_run_group_tests_name("bases", tests, NULL, NULL);
}
