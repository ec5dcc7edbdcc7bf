// SPDX-License-Identifier: MIT
/* project/template: a Dockerfile for each platform as lobradov's build.sh makes it, and no half of one. */
#include "project/template.h"

#include <string.h>

#include "base/str.h"
#include "check.h"

#define NOTE "# note"

static struct target target_of(const char *platform)
{
	struct target target = { 0 };

	assert_int_equal(name_parse(platform, strlen(platform), &target.platform, NULL), 0);
	target.is_native = target.platform.arch == arch_by_qemu("x86_64");
	return target;
}

static int render(const char *text, const char *platform, struct buf *out, struct err *e)
{
	struct template t = { text, strlen(text) };
	struct target target = target_of(platform);
	int r = template_check(&t, true, e);

	return r ? r : template_render(&t, &target, NOTE, out, e);
}

/* In each case the platform, the template and what it becomes. */
static const struct {
	const char *what, *platform, *text, *want;
} good[] = {
	{ "lobradov's, native", "amd64",
		"FROM __BASEIMAGE_ARCH__/alpine:3.7\n__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/\nRUN apk add "
		"nginx\n",
		NOTE "\nFROM amd64/alpine:3.7\nRUN apk add nginx\n" },
	{ "lobradov's, arm", "arm32v6",
		"FROM __BASEIMAGE_ARCH__/alpine:3.7\n__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/\nRUN apk add "
		"nginx\n",
		NOTE "\nFROM arm32v6/alpine:3.7\nCOPY qemu-arm-static /usr/bin/\nRUN apk add nginx\n" },
	{ "lobradov's, arm64", "arm64v8",
		"FROM __BASEIMAGE_ARCH__/alpine:3.7\n__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/\nRUN apk add "
		"nginx\n",
		NOTE "\nFROM arm64v8/alpine:3.7\nCOPY qemu-aarch64-static /usr/bin/\nRUN apk add nginx\n" },
	{ "every synonym", "arm32v7",
		"FROM --platform=__PLATFORM__ x:__ARCH____VARIANT__-__DOCKER_ARCH__-__DEBIAN_ARCH__-__ALPINE_ARCH__-"
		"__UNAME_ARCH__-__GNU_TRIPLET__-__EMULATOR__",
		NOTE "\nFROM --platform=linux/arm/v7 "
		     "x:armv7-arm32v7-armhf-armv7-armv7l-arm-linux-gnueabihf-qemu-arm-static" },
	{ "a variant that is empty", "arm64", "FROM x:__ARCH__.__VARIANT__.", NOTE "\nFROM x:arm64.." },
	{ "in the middle of words", "arm64", "FROM x___ARCH____QEMU_ARCH__y", NOTE "\nFROM x_arm64aarch64y" },
	{ "more than one in a line", "i386", "FROM __DOCKER_ARCH__/__QEMU_ARCH__\n", NOTE "\nFROM i386/i386\n" },
	{ "friendly markers, native", "amd64", "FROM __ARCH__/x\n__IF_NATIVE__ RUN a\n__IF_EMULATED__\t RUN b\n",
		NOTE "\nFROM amd64/x\nRUN a\n" },
	{ "friendly markers, emulated", "arm64", "FROM __ARCH__/x\n__IF_NATIVE__ RUN a\n__IF_EMULATED__\t RUN b\n",
		NOTE "\nFROM arm64/x\nRUN b\n" },
	{ "a marker in the middle", "arm64", "FROM __ARCH__/x\nRUN __CROSS_ls\n", NOTE "\nFROM arm64/x\nRUN ls\n" },
	{ "a FROM for each case", "arm64", "__IF_NATIVE__ FROM x\n__CROSS_FROM arm64v8/x\n",
		NOTE "\nFROM arm64v8/x\n" },
	{ "an image from nothing is for what is copied into it", "arm64", "from --x=y scratch\nCOPY it-__ARCH__ /it\n",
		NOTE "\nfrom --x=y scratch\nCOPY it-arm64 /it\n" },
	{ "an instruction of several lines goes as a whole", "amd64",
		"FROM __ARCH__/x\n__CROSS_COPY a \\\n  # why\n\n  b /\nRUN c\n", NOTE "\nFROM amd64/x\nRUN c\n" },
	{ "or stays", "s390x", "FROM __ARCH__/x\n__CROSS_COPY a \\\n  # why\n  b /\n",
		NOTE "\nFROM s390x/x\nCOPY a \\\n  # why\n  b /\n" },
	{ "one line in the middle of an instruction", "amd64", "FROM __ARCH__/x\nRUN a && \\\n  __CROSS_b && \\\n  c\n",
		NOTE "\nFROM amd64/x\nRUN a && \\\n  c\n" },
	{ "each line marked", "amd64", "FROM __ARCH__/x\n__CROSS_RUN a && \\\n__CROSS_ b\nRUN c\n",
		NOTE "\nFROM amd64/x\nRUN c\n" },
	{ "directives stay first", "arm64", "# syntax=x\n# escape=\\\n\nFROM __ARCH__/x\n",
		"# syntax=x\n# escape=\\\n" NOTE "\n\nFROM arm64/x\n" },
	{ "an ARG before FROM", "arm64", "arg BASE=__ARCH__/x\nfrom ${BASE}\n",
		NOTE "\narg BASE=arm64/x\nfrom ${BASE}\n" },
	{ "FROM on two lines", "arm64", "FROM \\\n  __ARCH__/x\n", NOTE "\nFROM \\\n  arm64/x\n" },
	{ "comments say what they want", "arm64", "FROM __ARCH__/x\n# __FOO__ __ARC__\n",
		NOTE "\nFROM arm64/x\n# __FOO__ __ARC__\n" },
	{ "other people's underscores", "arm64",
		"FROM __ARCH__/x\nRUN cc -D__ARM_EABI__ -D __linux__ x__FOO__ __init__.py __ _ ___ _A_ __1__\n",
		NOTE "\nFROM arm64/x\nRUN cc -D__ARM_EABI__ -D __linux__ x__FOO__ __init__.py __ _ ___ _A_ __1__\n" },
	{ "CR LF stays", "arm64", "FROM __ARCH__/x\r\nRUN a \\\r\n  b\r\n",
		NOTE "\nFROM arm64/x\r\nRUN a \\\r\n  b\r\n" },
};

static void templates_become_dockerfiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_buf out = { 0 };
		auto_err e = { 0 };

		check_code(good[i].what, render(good[i].text, good[i].platform, &out, &e), 0, &e);
		check(!strcmp(buf_text(&out), good[i].want), "%s: '%s'", good[i].what, shown(buf_text(&out), out.len));
	}
}

static const struct {
	const char *text, *message, *hint;
} bad[] = {
	{ "", "no FROM", "__BASEIMAGE_ARCH__" },
	{ "RUN __ARCH__\n", "no FROM", "" },
	{ "FROM alpine\n", "no FROM in it depends", "FROM __BASEIMAGE_ARCH__" },
	{ "FROM python:3.6\n__CROSS_COPY qemu-__QEMU_ARCH__-static /\n", "no FROM in it depends", "" },
	{ "# FROM __ARCH__/x\nFROM x\nARG a=__ARCH__\n", "no FROM in it depends", "" },
	{ "FROM scratch\nCOPY it /\nFROM x\nCOPY it-__ARCH__ /it\n", "no FROM in it depends", "" },
	{ "FROM scratchy\nCOPY it-__ARCH__ /it\n", "no FROM in it depends", "" },
	{ "FROM\nCOPY it-__ARCH__ /it\n", "no FROM", "" },
	{ "FROMAGE __ARCH__\n", "no FROM", "" },
	{ "FROM __BASEIMAGE_ARC__/x\n", "line 1: unknown placeholder __BASEIMAGE_ARC__", "mean __BASEIMAGE_ARCH__?" },
	{ "FROM __BASEIMAGE_ARCH_/x\n", "line 1: unknown placeholder __BASEIMAGE_ARCH_", "mean __BASEIMAGE_ARCH__?" },
	{ "FROM __baseimage_arch__/x\n", "line 1: unknown placeholder __baseimage_arch__", "mean __BASEIMAGE_ARCH__?" },
	{ "FROM __ARCH__/x\n\nRUN __FOO__\n", "line 3: unknown placeholder __FOO__",
		"placeholders: __BASEIMAGE_ARCH__" },
	{ "FROM __ARCH__/x\nRUN a \\\n__FOO__\n", "line 3: unknown placeholder __FOO__", "" },
	{ "FROM __ARCH__/x\n__CROS_COPY a /\n", "line 2: unknown placeholder __CROS_COPY", "" },
	{ "FROM __ARCH__/x\n  __IF_NATIVE RUN a\n", "line 2: unknown placeholder __IF_NATIVE", "mean __IF_NATIVE__?" },
	{ "FROM __ARCH__/x\n__CROSS__COPY a /\n", "line 2: an underscore too many", "__CROSS_COPY" },
	{ "FROM __ARCH__/x\n__CROSS__ COPY a /\n", "line 2: an underscore too many", "" },
	{ "FROM __ARCH__/x\nRUN a && \\\n  __CROSS_b\nRUN c\n", "line 3: on platforms without this line",
		"mark the first" },
	{ "FROM __ARCH__/x\nRUN a && \\\n  __IF_NATIVE__ b\n", "line 3: on platforms without this line", "" },
};

static void what_is_wrong_is_told_by_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct template t = { bad[i].text, strlen(bad[i].text) };
		auto_err e = { 0 };

		check_code(bad[i].text, template_check(&t, true, &e), -EBADMSG, &e);
		check_sentence(bad[i].text, &e);
		check(e.message && strstr(e.message, bad[i].message), "%s: '%s'", bad[i].text, e.message);
		check(strstr(e.hint ? e.hint : "", bad[i].hint), "%s: '%s'", bad[i].text, e.hint);
		check(template_check(&t, true, NULL) == -EBADMSG, "%s: without an error to fill", bad[i].text);
	}
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char nul[] = "FROM __ARCH__/x\nRUN a\0b\n";
	static char huge[LIMIT_TEMPLATE + 1];
	auto_err e = { 0 };

	(void)state;
	check_code("NUL", template_check(&(struct template){ nul, sizeof(nul) - 1 }, true, &e), -EBADMSG, &e);
	check(e.message && strstr(e.message, "line 2: a NUL byte"), "'%s'", e.message);
	err_done(&e);
	memset(huge, '\n', sizeof(huge));
	check_code("huge", template_check(&(struct template){ huge, sizeof(huge) }, true, &e), -E2BIG, &e);
	check_sentence("huge", &e);
}

static void a_scheme_without_a_word_is_told(void **state)
{
	static const struct {
		const char *platform, *text, *message;
	} none[] = {
		{ "loong64", "FROM __BASEIMAGE_ARCH__/x\n",
			"line 1: __BASEIMAGE_ARCH__: Docker has no word for linux/loong64" },
		{ "arm32v6", "FROM __ARCH__/x\nRUN a __DEBIAN_ARCH__\n",
			"line 2: __DEBIAN_ARCH__: Debian has no word for linux/arm/v6" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		auto_buf out = { 0 };
		auto_err e = { 0 };

		check_code(none[i].platform, render(none[i].text, none[i].platform, &out, &e), -EBADMSG, &e);
		check(e.message && strstr(e.message, none[i].message), "'%s'", e.message);
	}
}

/* For every platform that containers have a word for: no placeholder is left. */
static void every_platform_is_rendered(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_buf out = { 0 };
		auto_err e = { 0 };

		if (!a->oci)
			continue;
		check_code(a->qemu,
			render("FROM --platform=__PLATFORM__ x\nRUN __QEMU_ARCH__ __EMULATOR__\n", a->qemu, &out, &e),
			0, &e);
		check(!strstr(buf_text(&out), "__"), "%s: %s", a->qemu, buf_text(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(templates_become_dockerfiles),
		unit(what_is_wrong_is_told_by_its_line),
		unit(bytes_that_are_no_text_are_refused),
		unit(a_scheme_without_a_word_is_told),
		unit(every_platform_is_rendered),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
