// SPDX-License-Identifier: MIT
/* Parses any spelling of an architecture or platform into one canonical platform. */
#include "arch/name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { NAME_MAX_LEN = 64 };

/* Spellings that no column of the table holds, or that imply another variant than the row's. */
static const struct {
	const char *name, *qemu, *variant;
} aliases[] = {
	{ "armel", "arm", "v5" },
	{ "armv5", "arm", "v5" },
	{ "armv5te", "arm", "v5" },
	{ "armv5tel", "arm", "v5" },
	{ "armv5tejl", "arm", "v5" },
	{ "armv4tl", "arm", "v5" },
	{ "arm32v5", "arm", "v5" },
	{ "arm-linux-gnueabi", "arm", "v5" },
	{ "arm-linux-gnu", "arm", "v5" },
	{ "armv6", "arm", "v6" },
	{ "armv6l", "arm", "v6" },
	{ "armv6hf", "arm", "v6" },
	{ "arm32v6", "arm", "v6" },
	{ "armv6-linux-gnueabihf", "arm", "v6" },
	{ "arm32", "arm", "v7" },
	{ "armv7hf", "arm", "v7" },
	{ "armv7hl", "arm", "v7" },
	{ "x86-64", "x86_64", "" },
	{ "x64", "x86_64", "" },
	{ "powerpc", "ppc", "" },
	{ "powerpc64", "ppc64", "" },
	{ "powerpc64le", "ppc64le", "" },
	{ "loongarch", "loongarch64", "" },
	{ "openrisc", "or1k", "" },
	{ "parisc", "hppa", "" },
};

/* Common mistakes for which the most similar spelling would be the wrong suggestion. */
static const struct {
	const char *wrong, *right;
} mistakes[] = {
	{ "armv8", "arm64" },
	{ "arm8", "arm64" },
	{ "s390", "s390x" },
	{ "mips32", "mips" },
	{ "x32", "amd64" },
	{ "rpi", "arm/v7" },
	{ "raspberrypi", "arm/v7" },
};

/* OCI variants per GOARCH (containerd's database); a trailing '*' stands for digits. */
static const struct {
	const char *oci, *variants;
} variant_words[] = {
	{ "arm", "v5 v6 v7 v8" },
	{ "arm64", "v8 v8.* v9 v9.*" },
	{ "amd64", "v1 v2 v3 v4" },
	{ "ppc64le", "power8 power9 power10" },
	{ "riscv64", "rva20u64 rva22u64 rva23u64" },
};

static struct platform platform_of(const struct arch *arch, const char *variant)
{
	struct platform p = { .arch = arch };

	snprintf(p.variant, sizeof(p.variant), "%s", variant ? variant : "");
	return p;
}

/* Goes through the table by column, so that a name's meaning does not depend on the order of rows. */
bool name_next(struct name_spelling *s)
{
	static const size_t columns[] = {
		offsetof(struct arch, qemu),
		offsetof(struct arch, oci),
		offsetof(struct arch, docker),
		offsetof(struct arch, debian),
		offsetof(struct arch, gnu),
		offsetof(struct arch, uname),
		offsetof(struct arch, alpine),
		offsetof(struct arch, systemd),
	};

	while (s->column < ARRAY_SIZE(columns)) {
		if (s->words && str_next_item(&s->words, &s->name, &s->len))
			return true;
		s->row = arch_next(s->row);
		s->column += !s->row;
		s->words = s->row ? *(const char *const *)((const char *)s->row + columns[s->column]) : NULL;
		if (s->row)
			s->platform = platform_of(s->row, s->row->variant);
	}
	if (s->alias == ARRAY_SIZE(aliases))
		return false;
	s->name = aliases[s->alias].name;
	s->len = strlen(s->name);
	s->platform = platform_of(arch_by_qemu(aliases[s->alias].qemu), aliases[s->alias].variant);
	s->alias++;
	return true;
}

static bool lookup_word(const char *text, struct platform *ret)
{
	struct name_spelling s = { 0 };

	while (name_next(&s))
		if (strlen(text) == s.len && !memcmp(text, s.name, s.len)) {
			*ret = s.platform;
			return true;
		}
	return false;
}

/* cpu-vendor-linux-abi: the vendor is ignored, and musl's ABIs are treated as glibc's. */
static bool lookup_triplet(const char *text, struct platform *ret)
{
	/* ABIs that the CPU's name alone implies: not gnux32, gnu_ilp32 or gnuabin32. */
	static const char usual[] = "gnu musl uclibc android androideabi gnueabi gnueabihf "
				    "musleabi musleabihf uclibceabi uclibceabihf gnuabi64";
	const char *os = strstr(text, "-linux-");
	char plain[NAME_MAX_LEN];
	size_t cpu = strcspn(text, "-");

	if (!os)
		return false;
	snprintf(plain, sizeof(plain), "%.*s-linux-%s%s", (int)cpu, text, str_starts(os + 7, "musl") ? "gnu" : "",
		os + 7 + (str_starts(os + 7, "musl") ? 4 : 0));
	if (lookup_word(plain, ret))
		return true;
	if (!str_in_words(usual, os + 7, strlen(os + 7)))
		return false;
	snprintf(plain, sizeof(plain), "%.*s", (int)cpu, text);
	return lookup_word(plain, ret);
}

static bool variant_fits(const char *words, const char *variant)
{
	const char *word;
	size_t len;

	while (str_next_item(&words, &word, &len)) {
		bool is_open = word[len - 1] == '*';

		if (is_open && !strncmp(word, variant, len - 1) && variant[len - 1])
			return strspn(variant + len - 1, "0123456789") == strlen(variant + len - 1);
		if (!is_open && strlen(variant) == len && !strncmp(word, variant, len))
			return true;
	}
	return false;
}

static int set_variant(struct platform *p, const char *variant, struct err *e)
{
	const char *oci = p->arch->oci ? p->arch->oci : p->arch->qemu, *words = NULL;
	char full[NAME_MAX_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(variant_words); i++)
		if (!strcmp(variant_words[i].oci, oci))
			words = variant_words[i].variants;
	snprintf(full, sizeof(full), "%s%s", isdigit((unsigned char)*variant) ? "v" : "", variant);
	if (str_ends(full, ".0"))
		full[strlen(full) - 2] = '\0';
	if (words && strlen(full) < sizeof(p->variant) && variant_fits(words, full)) {
		memcpy(p->variant, full, strlen(full) + 1);
		/* The bare names of arm64 and amd64 imply v8 and v1, which are therefore dropped, as in containerd. */
		if ((!strcmp(oci, "arm64") && !strcmp(full, "v8")) || (!strcmp(oci, "amd64") && !strcmp(full, "v1")))
			*p->variant = '\0';
		return 0;
	}
	err_set(e, -EINVAL, "unknown variant '%s' of %s", variant, oci);
	if (words && str_starts(variant, "arm"))
		err_hint(e, "did you mean linux/%s/%s?", oci, variant + 3);
	else if (words)
		err_hint(e, "variants of %s: %s", oci, words);
	return -EINVAL;
}

/* [os/]arch[/variant] with at least one slash; the first word is an OS only if it is not an architecture. */
static int parse_platform(char *text, char *slash, struct platform *ret, struct err *e)
{
	struct platform p;

	*slash = '\0';
	if (!lookup_word(text, &p)) {
		if (strcmp(text, "linux"))
			return err_set(e, -EINVAL, "only Linux can be emulated, not '%s'", text);
		text = slash + 1;
		slash = strchr(text, '/');
		if (slash)
			*slash = '\0';
		if (!lookup_word(text, &p))
			return -ENOENT;
	}
	if (slash && set_variant(&p, slash + 1, e))
		return -EINVAL;
	*ret = p;
	return 0;
}

static int refuse(const char *typed, const char *word, struct err *e)
{
	struct name_spelling s = { 0 }, near = { 0 };
	unsigned least = 3;
	auto_buf safe = { 0 };

	str_escape(&safe, typed, strlen(typed));
	err_set(e, -EINVAL, "unknown platform '%s'", buf_text(&safe));
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!strcmp(mistakes[i].wrong, word))
			return err_hint(e, "did you mean '%s'?", mistakes[i].right);
	while (name_next(&s)) {
		char one[NAME_MAX_LEN];
		unsigned d;

		snprintf(one, sizeof(one), "%.*s", (int)s.len, s.name);
		d = str_distance(word, one, 2);
		if (d < least) {
			least = d;
			near = s;
		}
	}
	if (near.name && least < strlen(word))
		return err_hint(e, "did you mean '%.*s'?", (int)near.len, near.name);
	return err_hint(e, "'anyarch names' lists every name");
}

int name_parse(const char *text, size_t len, struct platform *ret, struct err *e)
{
	char word[NAME_MAX_LEN], typed[NAME_MAX_LEN], *slash;
	int r = -ENOENT;

	if (len >= sizeof(word) || memchr(text, '\0', len))
		return err_set(e, -EINVAL, "unknown platform: a name of %zu bytes", len);
	snprintf(typed, sizeof(typed), "%.*s", (int)len, text);
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return refuse(typed, "", e); /* no name contains this, so none is similar */
	for (size_t i = 0; i <= len; i++)
		word[i] = (char)tolower((unsigned char)typed[i]);
	if (str_ends(word, "-static"))
		word[len - strlen("-static")] = '\0';
	if (str_starts(word, "qemu-"))
		memmove(word, word + 5, strlen(word + 5) + 1);
	slash = strchr(word, '/');
	if (slash) {
		char *last;

		r = parse_platform(word, slash, ret, e);
		if (r != -ENOENT)
			return r;
		last = strrchr(word, '/');
		return refuse(typed, last ? last + 1 : word + strlen(word) + 1, e);
	}
	if (lookup_word(word, ret) || lookup_triplet(word, ret))
		return 0;
	return refuse(typed, word, e);
}

bool name_set_has(const struct name_set *set, const struct arch *arch)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->arch[i] == arch)
			return true;
	return false;
}

void name_set_add_arch(struct name_set *set, const struct arch *arch)
{
	if (!name_set_has(set, arch) && set->n < ARRAY_SIZE(set->arch))
		set->arch[set->n++] = arch;
}

void name_set_add_usual(struct name_set *set)
{
	static const char *const usual[] = { "arm", "aarch64" };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		name_set_add_arch(set, arch_by_qemu(usual[i]));
}

int name_set_add(struct name_set *set, const char *list, struct err *e)
{
	const char *item;
	size_t len, n = 0;

	for (; str_next_item(&list, &item, &len); n++) {
		struct platform p = { 0 };

		if (len == 3 && !strncmp(item, "all", 3)) {
			set->is_all = true;
			continue;
		}
		if (name_parse(item, len, &p, e))
			return -EINVAL;
		name_set_add_arch(set, p.arch);
	}
	return n ? 0 : err_set(e, -EINVAL, "an empty platform name");
}

void name_platform(struct buf *out, const struct arch *arch, const char *variant)
{
	if (!arch->oci) {
		buf_adds(out, "-");
		return;
	}
	buf_addf(out, "linux/%s", arch->oci);
	if (variant && *variant)
		buf_addf(out, "/%s", variant);
}

struct name_text name_text(const struct platform *p)
{
	struct name_text name;
	auto_buf text = { 0 };

	name_platform(&text, p->arch, p->variant);
	snprintf(name.text, sizeof(name.text), "%s", buf_text(&text));
	return name;
}

/* ARM is one architecture for QEMU, but three for other naming schemes. */
static const struct {
	const char *variant;
	struct name_words words;
} arm_words[] = {
	{ "v5", { "arm32v5", "armv5tel", "armel", "armel", "arm-linux-gnueabi", "arm" } },
	{ "v6", { "arm32v6", "armv6l", "", "armhf", "armv6-linux-gnueabihf", "arm" } },
};

static void first_word(const char *words, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s", words ? (int)strcspn(words, " ") : 0, words ? words : "");
}

struct name_words name_words(const struct platform *p)
{
	struct name_words w = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(arm_words); i++)
		if (!strcmp(p->arch->qemu, "arm") && !strcmp(p->variant, arm_words[i].variant))
			return arm_words[i].words;
	first_word(p->arch->docker, w.docker, sizeof(w.docker));
	first_word(p->arch->uname, w.uname, sizeof(w.uname));
	first_word(p->arch->debian, w.debian, sizeof(w.debian));
	first_word(p->arch->alpine, w.alpine, sizeof(w.alpine));
	first_word(p->arch->gnu, w.gnu, sizeof(w.gnu));
	first_word(p->arch->systemd, w.systemd, sizeof(w.systemd));
	return w;
}
