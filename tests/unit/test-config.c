// SPDX-License-Identifier: MIT
/* project/config: what a shell would assign is read, and whatever it would execute is refused, by its line. */
#include "project/config.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "check.h"

static int parse(const char *text, struct config *ret, struct err *e)
{
	return config_parse(text, strlen(text), ret, e);
}

/* lobradov's stub, filled in as in his article. */
static void the_first_one_reads(void **state)
{
	static const char text[] = "# Repository\nREPO=\"lobradov\"\nIMAGE_NAME=nginx\n\n"
				   "IMAGE_VERSION=''\t# latest\nDOCKER_CLI_PATH=\"/home/me/cli/build\"\n"
				   "  TARGET_ARCHES=\"amd64 arm32v6 arm64v8\"";
	auto_config c = { 0 };
	auto_buf platforms = { 0 };
	auto_err e = { 0 };

	(void)state;
	check_code("parse", parse(text, &c, &e), 0, &e);
	assert_string_equal(c.values[CONFIG_REPO], "lobradov");
	assert_string_equal(c.values[CONFIG_IMAGE_NAME], "nginx");
	assert_string_equal(c.values[CONFIG_IMAGE_VERSION], "latest");
	assert_string_equal(c.values[CONFIG_DOCKER_CLI_PATH], "/home/me/cli/build");
	assert_string_equal(c.values[CONFIG_DOCKERFILE], "Dockerfile.cross");
	assert_string_equal(c.values[CONFIG_ENGINE], "auto");
	assert_string_equal(c.values[CONFIG_SMOKE], "");
	assert_int_equal(c.lines[CONFIG_REPO], 2);
	assert_int_equal(c.lines[CONFIG_TARGET_ARCHES], 7);
	platforms_text(&c.platforms, &platforms);
	assert_string_equal(buf_text(&platforms), "linux/amd64 linux/arm/v6 linux/arm64");
}

static void values_read_as_in_a_shell(void **state)
{
	static const struct {
		const char *text, *value;
	} good[] = {
		{ "SMOKE=a", "a" },
		{ "SMOKE=", "" },
		{ "SMOKE=   ", "" },
		{ "SMOKE= # none", "" },
		{ "SMOKE=''", "" },
		{ "SMOKE=\"\"", "" },
		{ "SMOKE=a#b", "a#b" },
		{ "SMOKE=a #b", "a" },
		{ "SMOKE=a'b c'\"d e\"f", "ab cd ef" },
		{ "SMOKE='a \"b\" $(c) `d` \\ ;'", "a \"b\" $(c) `d` \\ ;" },
		{ "SMOKE=\"a \\\"b\\\" \\$c \\` \\\\ \\n\"", "a \"b\" $c ` \\ \\n" },
		{ "SMOKE=\"a;b|c&d<e>f(g)*?[h]{i}~!\"", "a;b|c&d<e>f(g)*?[h]{i}~!" },
		{ "SMOKE=a=b", "a=b" },
		{ "\tSMOKE='a\tb'\t", "a\tb" },
		{ "SMOKE='\xc3\xa4'", "\xc3\xa4" },
		{ "\n\n#\n  # x\nSMOKE=a\n", "a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_config c = { 0 };
		auto_err e = { 0 };
		int r = parse(good[i].text, &c, &e);

		check_code(good[i].text, r, 0, &e);
		check(r || !strcmp(c.values[CONFIG_SMOKE], good[i].value), "%s: '%s'", good[i].text,
			r ? "" : c.values[CONFIG_SMOKE]);
	}
}

/* Every refusal names its line, and is one sentence; words is what it must say. */
static const struct {
	const char *text;
	unsigned line;
	const char *words;
} bad[] = {
	{ "REPO=\"$(touch x)\"", 1, "'$'" },
	{ "REPO=$(touch x)", 1, "'$'" },
	{ "REPO=$HOME", 1, "'$'" },
	{ "REPO=\"a${b}\"", 1, "'$'" },
	{ "REPO=`id`", 1, "'`'" },
	{ "REPO=\"`id`\"", 1, "'`'" },
	{ "REPO=a;touch x", 1, "';'" },
	{ "REPO=a; touch x", 1, "';'" },
	{ "REPO=a&&b", 1, "'&'" },
	{ "REPO=a|b", 1, "'|'" },
	{ "REPO=a>b", 1, "'>'" },
	{ "REPO=<(a)", 1, "'<'" },
	{ "TARGET_ARCHES=(amd64 arm)", 1, "'('" },
	{ "REPO=~/x", 1, "'~'" },
	{ "REPO=a\\b", 1, "'\\'" },
	{ "TARGET_ARCHES={amd64,arm}", 1, "'{'" },
	{ "REPO=*", 1, "'*'" },
	{ "\nREPO=a b", 2, "second word" },
	{ "TARGET_ARCHES=amd64 arm64v8", 1, "second word" },
	{ "REPO= a", 1, "blank" },
	{ "REPO =a", 1, "KEY=value" },
	{ "REPO", 1, "KEY=value" },
	{ "=a", 1, "KEY=value" },
	{ "1A=a", 1, "KEY=value" },
	{ "REPO:a", 1, "KEY=value" },
	{ "touch x", 1, "KEY=value" },
	{ "export REPO=a", 1, "KEY=value" },
	{ "REPO+=a", 1, "KEY=value" },
	{ ". /etc/profile", 1, "KEY=value" },
	{ "\xef\xbb\xbfREPO=a", 1, "KEY=value" },
	{ "REPO=\"a", 1, "quote" },
	{ "REPO='a", 1, "quote" },
	{ "REPO='a\nb'", 1, "quote" },
	{ "REPO=\"a\\\"", 1, "quote" },
	{ "# x\r\nREPO=a\r\n", 1, "CR LF" },
	{ "REPO=a\r", 1, "CR LF" },
	{ "REPO='a\x1b[31m'", 1, "0x1b" },
	{ "REPO=a\x7f", 1, "0x7f" },
	{ "REPO=a\n\nREPOS=b", 3, "unknown key 'REPOS'" },
	{ "PATH=/tmp", 1, "unknown key 'PATH'" },
	{ "repo=a", 1, "unknown key" },
	{ "REPO=a\nREPO=a", 2, "line 1" },
	{ "REPO=\n#\nREPO=a", 3, "line 1" },
	{ "REPO=-a", 1, "begin with '-'" },
	{ "REPO='a b'", 1, "' '" },
	{ "REPO=/a", 1, "begin with '/'" },
	{ "IMAGE_NAME=Nginx", 1, "begin with 'N'" },
	{ "IMAGE_NAME=nGinx", 1, "'G'" },
	{ "IMAGE_NAME=a:b", 1, "':'" },
	{ "IMAGE_VERSION=.1", 1, "begin with '.'" },
	{ "IMAGE_VERSION='1/2'", 1, "'/'" },
	{ "DOCKER_CLI_PATH=--help", 1, "begin with '-'" },
	{ "DOCKERFILE=../x", 1, "'..'" },
	{ "DOCKERFILE=a/../../x", 1, "'..'" },
	{ "DOCKERFILE=/etc/passwd", 1, "'/'" },
	{ "DOCKERFILE=./x", 1, "'.'" },
	{ "DOCKERFILE=a//x", 1, "empty" },
	{ "ENGINE=moby", 1, "'moby'" },
	{ "ENGINE='docker podman'", 1, "'docker podman'" },
	{ "TAG_PREFIX='rpi '", 1, "' '" },
	{ "ALIASES='a b/c'", 1, "'/'" },
	{ "ALIASES='a -b'", 1, "begin with '-'" },
	{ "SMOKE=-c", 1, "begin with '-'" },
	{ "TARGET_ARCHES=arm65", 1, "arm65" },
	{ "TARGET_ARCHES='amd64 arm7l'", 1, "arm7l" },
	{ "TARGET_ARCHES=all", 1, "all" },
	{ "TARGET_ARCHES=alpha", 1, "alpha" },
	{ "TARGET_ARCHES=','", 1, "no platform" },
};

static void everything_else_is_refused_by_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct config c = { .lines = { 77 } };
		auto_err e = { 0 };
		char line[16];

		snprintf(line, sizeof(line), "line %u: ", bad[i].line);
		check_code(bad[i].text, parse(bad[i].text, &c, &e), -EBADMSG, &e);
		check_sentence(bad[i].text, &e);
		check(e.message && str_starts(e.message, line) && strstr(e.message, bad[i].words), "%s: '%s'",
			shown(bad[i].text, strlen(bad[i].text)), e.message);
		check(c.lines[0] == 77, "%s: written to", bad[i].text);
		check(parse(bad[i].text, &c, NULL) == -EBADMSG, "%s: without an error to fill", bad[i].text);
	}
}

static void nul_bytes_and_huge_files_are_refused(void **state)
{
	static char huge[LIMIT_CONFIG + 1], nul[] = "REPO=a\nIMAGE_NAME=a\0b\n";
	struct config c = { 0 };
	auto_err e = { 0 };

	(void)state;
	check_code("NUL", config_parse(nul, sizeof(nul) - 1, &c, &e), -EBADMSG, &e);
	check(e.message && strstr(e.message, "line 2") && strstr(e.message, "NUL"), "'%s'", e.message);
	err_done(&e);
	memset(huge, '\n', sizeof(huge));
	check_code("huge", config_parse(huge, sizeof(huge), &c, &e), -E2BIG, &e);
	check_sentence("huge", &e);
	check(!config_parse(huge, sizeof(huge) - 1, &c, NULL), "the largest");
	config_done(&c);
}

static void a_near_miss_is_named(void **state)
{
	struct config c = { 0 };
	auto_err e = { 0 };

	(void)state;
	parse("TARGET_ARCH=amd64", &c, &e);
	check(e.hint && strstr(e.hint, "did you mean TARGET_ARCHES?"), "'%s'", e.hint);
	parse("TARGET_ARCHES=aarch6", &c, &e);
	check(e.hint && strstr(e.hint, "aarch64"), "'%s'", e.hint);
	parse("ENGINE=dokcer", &c, &e);
	check(e.hint && strstr(e.hint, "did you mean ENGINE=docker?"), "'%s'", e.hint);
	parse("ENGINE=moby", &c, &e);
	check(e.message && strstr(e.message, "invalid ENGINE 'moby': expected auto, docker, buildx, podman or buildah"),
		"'%s'", e.message);
	parse("FROBNICATION=1", &c, &e);
	check(e.hint && strstr(e.hint, "keys: REPO, "), "'%s'", e.hint);
}

static void platforms_keep_their_order_and_are_one_each(void **state)
{
	auto_config c = { 0 };
	auto_buf text = { 0 };

	(void)state;
	check_code(
		"parse", parse("TARGET_ARCHES='arm64,armv7l arm/v6  aarch64 linux/arm/v7 riscv64'", &c, NULL), 0, NULL);
	platforms_text(&c.platforms, &text);
	assert_string_equal(buf_text(&text), "linux/arm64 linux/arm/v7 linux/arm/v6 linux/riscv64");
}

static void what_is_needed_is_asked_for(void **state)
{
	auto_config none = { 0 }, empty = { 0 }, full = { 0 };
	auto_err e = { 0 };

	(void)state;
	assert_int_equal(parse("", &none, NULL) | parse("\nTARGET_ARCHES=\"\"", &empty, NULL) |
				 parse("TARGET_ARCHES=arm", &full, NULL),
		0);
	check_code("none", config_require(&none, CONFIG_TARGET_ARCHES, &e), -EBADMSG, &e);
	check(e.message && strstr(e.message, "TARGET_ARCHES is missing"), "'%s'", e.message);
	check(e.hint && strstr(e.hint, "TARGET_ARCHES=\""), "'%s'", e.hint);
	check_code("empty", config_require(&empty, CONFIG_TARGET_ARCHES, &e), -EBADMSG, &e);
	check(e.message && str_starts(e.message, "line 2: "), "'%s'", e.message);
	check(!config_require(&full, CONFIG_TARGET_ARCHES, NULL), "full");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(the_first_one_reads),
		unit(values_read_as_in_a_shell),
		unit(everything_else_is_refused_by_its_line),
		unit(nul_bytes_and_huge_files_are_refused),
		unit(a_near_miss_is_named),
		unit(platforms_keep_their_order_and_are_one_each),
		unit(what_is_needed_is_asked_for),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
