// SPDX-License-Identifier: MIT
/* Finds the tools of a root that have an identical native one, and makes the entry stub's index of them. */
#include "accel/twins.h"

#include <stdio.h>
#include <string.h>

#include "arch/elf.h"
#include "arch/elf_edit.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"

const char *const twin_words[] = { "equal", "absent", "another version", "for another platform", "cannot be told",
	"what it needs is emulated", "its file or libraries are not those of the package",
	"its results depend on the width and order of numbers", "no native one", "runs natively once it is installed" };

static int open_twin(const struct toolchain *t, const struct tool_root *root, struct twin *twin, struct stat *st)
{
	int fd = -ENOENT;

	for (size_t i = 0; fd == -ENOENT && i < ARRAY_SIZE(twin->kind->twins) && twin->kind->twins[i]; i++) {
		auto_buf path = { 0 };

		tool_expand(&path, twin->kind->twins[i], t->triplet, twin->version, "");
		if (path.len >= sizeof(twin->path))
			return -E2BIG;
		snprintf(twin->path, sizeof(twin->path), "%s", buf_text(&path));
		fd = root->open(root->context, twin->path, st);
	}
	return fd;
}

/* The root that is searched for twins. */
struct search {
	const struct toolchain *t;
	const struct tool_root *root;
	struct packages packages;
};

/* Compares the packages of both programs: an enum twin_verdict; -errno. */
static int compare_package(const struct search *s, struct twin *twin, int fd)
{
	const struct tool_kind *kind = twin->kind;
	struct packages_field version;
	int r = tool_read_package(kind, &s->packages, s->root, fd, &twin->identity);

	if (r < 0)
		return r;
	if (!r)
		return packages_version(&s->packages, kind->package, &version) ? TWIN_CHANGED : TWIN_ABSENT;
	if (!identity_is_equal(&twin->identity, &twin->tool->identity))
		return TWIN_OTHER;
	return packages_has_same_libraries(&s->packages, kind->package, &s->t->packages) ? TWIN_EQUAL : TWIN_CHANGED;
}

/* Compares a tool with its twin: an enum twin_verdict; -errno for errors of this machine. */
static int judge(const struct search *s, struct twin *twin, int fd, const struct stat *st)
{
	const struct toolchain *t = s->t;
	const struct tool_kind *kind = twin->kind;
	struct elf_info info;
	/* A file that users other than root may change is not trusted. */
	int r = S_ISREG(st->st_mode) && !(st->st_mode & 022) ? elf_read(fd, &info, NULL) : TWIN_UNKNOWN, len;

	if (r == -EIO || r == -EINTR)
		return r;
	if (r || info.is_truncated)
		return TWIN_UNKNOWN;
	if (elf_arch(&info.head) != t->platform.arch)
		return TWIN_FOREIGN;
	if (!tool_fits(kind, t->platform.arch))
		return TWIN_NUMBERS;
	if (tool_compiles(kind)) {
		r = identity_read(fd, false, kind->identity, kind->has_target ? t->triplet : NULL, &twin->identity);
		if (r < 0 && r != -E2BIG)
			return r;
		if (r != 1)
			return TWIN_UNKNOWN;
		r = identity_is_equal(&twin->identity, &twin->tool->identity) ? TWIN_EQUAL : TWIN_OTHER;
	} else {
		r = compare_package(s, twin, fd);
	}
	if (r)
		return r;
	len = elf_build_id(fd, &twin->id_at, twin->id, sizeof(twin->id), NULL);
	if (len == -EIO || len == -EINTR)
		return len;
	if (len < 8 || twin->id_at > UINT32_MAX)
		return TWIN_UNKNOWN;
	twin->id_len = (size_t)len;
	twin->size = (uint64_t)st->st_size;
	twin->mtime = st->st_mtim.tv_sec;
	return TWIN_EQUAL;
}

static bool has_equal(const struct twins *twins, const char *name, const char *version)
{
	for (size_t i = 0; i < twins->n; i++)
		if (twins->list[i].verdict == TWIN_EQUAL && !strcmp(twins->list[i].kind->name, name) &&
			(!version || !strcmp(twins->list[i].version, version)))
			return true;
	return false;
}

/* A plugin requires its compiler; tools that read LTO objects require a plugin. */
static void settle_dependent(struct twins *twins)
{
	for (size_t i = 0; i < twins->n; i++) {
		struct twin *twin = &twins->list[i];

		if (twin->verdict == TWIN_EQUAL && twin->kind->is_plugin && !has_equal(twins, "lto1", twin->version) &&
			!has_equal(twins, "cc1", twin->version))
			twin->verdict = TWIN_ALONE;
	}
	for (size_t i = 0; i < twins->n; i++)
		if (twins->list[i].verdict == TWIN_EQUAL && twins->list[i].kind->wants_plugin &&
			!has_equal(twins, "liblto_plugin.so", NULL))
			twins->list[i].verdict = TWIN_ALONE;
}

/* Adds the root's compilers that the toolchain does not have, to report what would be needed. */
static void find_lacking(const struct search *s, const struct tool_kind *kind, struct twins *ret)
{
	const struct toolchain *t = s->t;
	bool is_versioned = tool_is_versioned(kind);

	for (int i = is_versioned ? TOOL_VERSION_NEWEST : TOOL_VERSION_OLDEST;
		i >= TOOL_VERSION_OLDEST && ret->n < ARRAY_SIZE(ret->list); i--) {
		struct twin twin = { .kind = kind, .verdict = TWIN_LACKING };
		bool is_there = false;
		struct stat st;
		auto_fd fd = -1;

		if (is_versioned)
			snprintf(twin.version, sizeof(twin.version), "%d", i);
		for (size_t k = 0; k < t->n_tools; k++)
			is_there |= t->tools[k].kind == kind && !strcmp(t->tools[k].version, twin.version);
		fd = is_there ? -ENOENT : open_twin(t, s->root, &twin, &st);
		if (fd >= 0 || fd == -EAGAIN)
			ret->list[ret->n++] = twin;
	}
}

/*
 * Builds often install their compiler first, unless there is one of another version. It is not known beforehand which
 * plugin ar and nm then need.
 */
static void await_compiler(const struct toolchain *t, const struct twins *twins, struct twin *twin)
{
	auto_buf path = { 0 };

	if (twin->verdict != TWIN_ABSENT || !tool_compiles(twin->kind) || !tool_fits(twin->kind, t->platform.arch) ||
		twin->kind->wants_plugin)
		return;
	for (size_t i = 0; i < twins->n; i++)
		if (twins->list[i].kind == twin->kind && twins->list[i].verdict != TWIN_ABSENT &&
			twins->list[i].verdict != TWIN_AWAITED)
			return;
	toolchain_stands_for(t, twin->tool, &path);
	if (path.len >= sizeof(twin->path))
		return;
	snprintf(twin->path, sizeof(twin->path), "%s", buf_text(&path));
	twin->verdict = TWIN_AWAITED;
}

int twins_find(const struct toolchain *t, const struct tool_root *root, struct twins *ret, struct err *e)
{
	struct search s = { .t = t, .root = root };
	int r = packages_read(root, name_words(&t->platform).debian, &s.packages);

	*ret = (struct twins){ .toolchain = t };
	if (r)
		err_sys(e, r, PACKAGES_RECORDS);
	for (size_t i = 0; !r && i < t->n_tools; i++) {
		struct twin *twin = &ret->list[ret->n++];
		struct stat st = { 0 };
		auto_fd fd = -1;
		int verdict;

		*twin = (struct twin){ .kind = t->tools[i].kind, .tool = &t->tools[i] };
		memcpy(twin->version, t->tools[i].version, sizeof(twin->version));
		fd = open_twin(t, root, twin, &st);
		verdict = fd >= 0 ? judge(&s, twin, fd, &st) : fd == -ENOENT || fd == -ENOTDIR ? TWIN_ABSENT : fd;
		if (verdict == -EIO || verdict == -EINTR)
			r = err_sys(e, verdict, "%s", twin->path);
		twin->verdict = verdict < 0 ? TWIN_UNKNOWN : (enum twin_verdict)verdict;
	}
	packages_done(&s.packages);
	if (r)
		return r;
	settle_dependent(ret);
	for (size_t i = 0; i < ret->n; i++)
		ret->n_equal += ret->list[i].verdict == TWIN_EQUAL && !ret->list[i].kind->is_plugin;
	for (const struct tool_kind *kind = tool_kinds; kind->name; kind++)
		if (tool_compiles(kind) && tool_fits(kind, t->platform.arch))
			find_lacking(&s, kind, ret);
	for (size_t i = 0; i < ret->n && ret->n_equal; i++)
		await_compiler(t, ret, &ret->list[i]);
	return 0;
}

bool twin_is_used(const struct twin *twin)
{
	return twin->verdict == TWIN_EQUAL || twin->verdict == TWIN_AWAITED;
}

bool twins_need(const struct toolchain *t, const struct twins *twins, size_t file)
{
	for (size_t i = 0; i < twins->n; i++)
		if (twin_is_used(&twins->list[i]) && twins->list[i].tool->file == file)
			return true;
	return twins->n_equal && toolchain_is_shared(t, file);
}

struct writer {
	const struct toolchain *t;
	const char *place; /* of the tools' directory, in the root */
	struct buf texts;
	uint32_t base; /* offset of the texts */
};

static uint32_t put_text(struct writer *w, const char *text)
{
	uint32_t at = w->base + (uint32_t)w->texts.len;

	buf_add(&w->texts, text, strlen(text) + 1);
	return at;
}

static uint32_t put_path(struct writer *w, const char *name)
{
	auto_buf path = { 0 };

	buf_addf(&path, "%s/%s", w->place, name);
	return put_text(w, buf_text(&path));
}

/* The word without its condition; NULL if the condition is not met. */
static const char *applying(const struct toolchain *t, const char *word)
{
	size_t len = strlen(t->platform.arch->qemu);

	if (*word == '!')
		return tool_has_same_numbers(t->platform.arch) ? NULL : word + 1;
	if (*word != '~')
		return word;
	return strncmp(word + 1, t->platform.arch->qemu, len) || word[1 + len] != ':' ? NULL : word + 2 + len;
}

static uint32_t put_rules(struct writer *w, const struct twins *twins, const struct twin *twin)
{
	uint32_t at = w->base + (uint32_t)w->texts.len;
	const char *version = twin->version;

	/* An unversioned tool uses the plugin of the newest compiler. */
	for (size_t i = 0; i < twins->n && !*version; i++)
		if (twins->list[i].verdict == TWIN_EQUAL && twins->list[i].kind->is_plugin)
			version = twins->list[i].version;
	for (const char *const *rule = twin->kind->rules; *rule; rule++) {
		const char *word = applying(w->t, *rule);
		auto_buf text = { 0 };

		if (!word)
			continue;
		tool_expand(&text, word, w->t->triplet, version, w->place);
		put_text(w, buf_text(&text));
	}
	put_text(w, "");
	return at;
}

static struct entry_tool tool_entry(struct writer *w, const struct twins *twins, const struct twin *twin)
{
	const struct toolchain_tool *tool = twin->tool;
	const struct toolchain_file *file = &w->t->files[tool->file];
	auto_buf path = { 0 }, package = { 0 }, revision = { 0 };
	struct entry_tool entry = { .size = twin->size,
		.mtime = twin->mtime,
		.native_size = file->size,
		.kind = twin->kind->is_plugin ? ENTRY_PLUGIN : ENTRY_PROGRAM,
		.id_at = (uint32_t)twin->id_at,
		.id_len = (uint32_t)twin->id_len };

	entry.path = put_text(w, twin->path);
	entry.native = put_path(w, file->name);
	entry.rules = put_rules(w, twins, twin);
	memcpy(entry.id, twin->id, twin->id_len);
	entry.is_other_revision = strcmp(twin->identity.package, tool->identity.package) != 0;
	if (twin->verdict != TWIN_AWAITED)
		return entry;
	/* What the program will contain (accel/identity.c); a plugin names no package, but the compiler beside it does.
	 */
	for (size_t i = 0; tool->kind->is_plugin && i < w->t->n_tools; i++)
		if (w->t->tools[i].kind->identity == IDENTITY_GCC && !strcmp(w->t->tools[i].version, tool->version))
			tool = &w->t->tools[i];
	if (tool->kind->identity == IDENTITY_GCC) {
		buf_addf(&package, "(%s %s", tool->identity.vendor, tool->identity.version);
		buf_addf(&revision, "%s) ", tool->identity.package + package.len - 1);
	} else {
		buf_addf(&package, "(%s) %s", tool->identity.package, tool->identity.version);
	}
	toolchain_stands_for(w->t, tool, &path);
	entry.proof = put_text(w, buf_text(&path));
	entry.package = put_text(w, buf_text(&package));
	entry.revision = put_text(w, buf_text(&revision));
	return entry;
}

/* Folders of the tools' directory; the loader searches the first. */
static const char *const folders[] = { TOOLCHAIN_FOLDERS };

bool twins_has_folder(const struct toolchain *t, const struct twins *twins, const char *folder)
{
	for (size_t i = 0; i < t->n_files; i++)
		if (twins_need(t, twins, i) && str_starts(t->files[i].name, folder) &&
			t->files[i].name[strlen(folder)] == '/')
			return true;
	return false;
}

static struct entry_index start_index(const struct toolchain *t, const struct twins *twins)
{
	struct entry_index index = { .is_musl = t->is_musl };

	memcpy(index.magic, ENTRY_INDEX_MAGIC, sizeof(index.magic));
	for (size_t i = 0; i < twins->n; i++)
		index.n_tools += twin_is_used(&twins->list[i]);
	for (size_t i = 0; i < t->n_files; i++)
		index.n_files += toolchain_is_shared(t, i);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		index.n_files += twins_has_folder(t, twins, folders[i]);
	return index;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct entry_tool *one = a, *other = b;

	return one->size < other->size ? -1 : one->size > other->size ? 1 : one->path < other->path ? -1 : 1;
}

int twins_index(const struct toolchain *t, const struct twins *twins, const char *place, struct buf *out)
{
	struct entry_index index = start_index(t, twins);
	auto_buf tools = { 0 }, files = { 0 };
	struct writer w = { .t = t,
		.place = place,
		.base = (uint32_t)(sizeof(index) + index.n_tools * sizeof(struct entry_tool) +
				   index.n_files * sizeof(struct entry_file)) };

	index.loader = put_path(&w, TOOLCHAIN_LOADER);
	index.libraries = put_path(&w, folders[0]);
	for (size_t i = 0; i < twins->n; i++)
		if (twin_is_used(&twins->list[i])) {
			struct entry_tool tool = tool_entry(&w, twins, &twins->list[i]);

			buf_add(&tools, &tool, sizeof(tool));
		}
	if (tools.data)
		qsort(tools.data, index.n_tools, sizeof(struct entry_tool), compare_sizes);
	for (size_t i = 0; i < t->n_files; i++)
		if (toolchain_is_shared(t, i)) {
			struct entry_file file = { .size = t->files[i].size, .path = put_path(&w, t->files[i].name) };

			buf_add(&files, &file, sizeof(file));
		}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (twins_has_folder(t, twins, folders[i])) {
			struct entry_file file = { .path = put_path(&w, folders[i]), .is_folder = true };

			buf_add(&files, &file, sizeof(file));
		}
	index.size = w.base + (uint32_t)w.texts.len;
	buf_add(out, &index, sizeof(index));
	buf_add(out, tools.data, tools.len);
	buf_add(out, files.data, files.len);
	buf_add(out, w.texts.data, w.texts.len);
	buf_done(&w.texts);
	if (index.n_tools > ENTRY_TOOLS_MAX || index.n_files > ENTRY_FILES_MAX || index.size > ENTRY_SIZE_MAX)
		return -E2BIG;
	return 0;
}

int twins_manifest(const struct toolchain *t, const struct twins *twins, struct buf *out)
{
	bool keep[TOOLCHAIN_FILES_MAX];
	struct json *o;
	auto_free char *text = NULL;
	size_t len = 0;
	FILE *stream;
	int r;

	for (size_t i = 0; i < t->n_files; i++)
		keep[i] = twins_need(t, twins, i);
	o = toolchain_manifest(t, keep);
	twins_json(o, twins);
	stream = open_memstream(&text, &len);
	if (!stream)
		mem_exhausted();
	r = jv_write(o, stream);
	jv_free(o);
	/* cppcheck-suppress nullPointerRedundantCheck ; mem_exhausted() does not return */
	if (fclose(stream))
		mem_exhausted();
	if (!r)
		buf_add(out, text, len);
	return r;
}
