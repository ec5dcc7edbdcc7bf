// SPDX-License-Identifier: MIT
/* project/config, project/template and project/bases: whatever is in them, a refusal by its line or a result without
 * what was refused. */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "project/bases.h"
#include "project/config.h"
#include "project/template.h"

#define NOTE "# note of the fuzzer"

static void check_line(int code, const struct err *e)
{
	fuzz_check(code, e);
	must(code == 0 || code == -EBADMSG || code == -E2BIG);
}

static void check_value(const char *value)
{
	must(value && *value != '-');
	for (; *value; value++)
		must(!iscntrl((unsigned char)*value) || *value == '\t');
}

static void read_config(const char *text, size_t len)
{
	auto_config config = { 0 };
	auto_err e = { 0 };
	int r = config_parse(text, len, &config, &e);

	check_line(r, &e);
	for (size_t i = 0; !r && i < CONFIG_KEYS; i++)
		if (i != CONFIG_TAG_SUFFIX)
			check_value(config.values[i]);
	must(r || !*config.values[CONFIG_TARGET_ARCHES] == !config.platforms.n);
	must(r ||
		(!strchr("/", *config.values[CONFIG_DOCKERFILE]) && !strstr(config.values[CONFIG_DOCKERFILE], "/../")));
}

static void render(const struct template *t, const char *qemu, bool is_native)
{
	struct target target = { .platform = { .arch = arch_by_qemu(qemu) }, .is_native = is_native };
	auto_buf out = { 0 };
	auto_err e = { 0 };
	int r = template_render(t, &target, NOTE, &out, &e);

	check_line(r, &e);
	must(r || memmem(out.data, out.len, NOTE "\n", strlen(NOTE) + 1));
	must(r || (!memmem(out.data, out.len, "\0", 1) && out.len <= 64 * t->len + sizeof(NOTE)));
	if (!r && !memmem(t->text, t->len, "__", 2))
		must(out.len == t->len + strlen(NOTE) + 1);
}

static void read_template(const char *text, size_t len)
{
	struct template t = { text, len };
	auto_err e = { 0 };
	int r = template_check(&t, true, &e);

	check_line(r, &e);
	if (r)
		return;
	render(&t, "aarch64", false);
	render(&t, "x86_64", true);
	render(&t, "loongarch64", false);
}

/* What is read here is handed to commands. */
static void read_bases(const char *text, size_t len)
{
	static const char *const options[] = { "--build-arg=A=a", "--build-arg=", "--x" };
	struct bases_request request = { text, len, options, ARRAY_SIZE(options), "linux/amd64", "linux/arm/v7" };
	auto_bases bases = { 0 };

	bases_read(&request, &bases);
	must(bases.n <= BASES_MAX);
	for (size_t i = 0; i < bases.n; i++) {
		must(*bases.items[i].image && *bases.items[i].image != '-' && strlen(bases.items[i].image) < 64 * 1024);
		must(!strpbrk(bases.items[i].image, " \n$"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	read_config((const char *)data, len);
	read_template((const char *)data, len);
	read_bases((const char *)data, len);
	return 0;
}
