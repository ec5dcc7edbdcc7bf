// SPDX-License-Identifier: MIT
/*
 * Checks whether the loader finds a dynamic program's libraries, their libraries, and symbol versions. Search order:
 * ld.so(8), and musl's ldso/dynlink.c.
 */
#include "report/libraries.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "arch/dynamic.h"
#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "report/doctor.h"

enum { LOADED_MAX = 256, CACHE_MAX = 8 * 1024 * 1024, MUSL_PATH_MAX = 4096, WANTED_MAX = 65536, SYMBOL_MAX = 512 };

struct library {
	char *name, *path;
	size_t by;	  /* index of the first file that needs it */
	const char *flaw; /* why it cannot be mapped; NULL */
	struct dynamic dynamic;
};

struct search {
	const struct libraries_place *place;
	struct elf_head head;
	struct library loaded[LOADED_MAX]; /* the program first */
	size_t n, by;			   /* by: index of the file whose libraries are searched for */
	struct buf cache;		   /* ld.so.cache, which contains NUL-terminated paths */
	struct buf usual;		   /* default directories, separated by colons */
	bool is_musl;
	bool is_partial; /* a library was not loaded, as only the loader knows where it is */
};

static int open_in(const struct libraries_place *place, const char *path)
{
	auto_buf below = { 0 };
	int fd;

	if (place->root >= 0)
		return file_open(place->root, path);
	buf_addf(&below, "%s%s", place->prefix ? place->prefix : "", path);
	fd = place->prefix ? fd_open_regular(AT_FDCWD, buf_text(&below), 0) : -ENOENT;
	return fd >= 0 ? fd : fd_open_regular(AT_FDCWD, path, 0);
}

/* Loads a library for the same kind of machine; like the loader, skips others. */
static bool load(struct search *s, const char *name, const char *path)
{
	auto_free struct elf_info *elf = mem_new(1, sizeof(*elf));
	auto_fd fd = open_in(s->place, path);
	struct library *library = &s->loaded[s->n];
	char real[4096], top[4096] = "";
	uint8_t bytes[ELF_HEAD];
	struct elf_head head;
	struct statvfs fs;
	size_t skip;

	if (fd < 0 || fd_pread(fd, bytes, sizeof(bytes), 0) != sizeof(bytes) ||
		elf_read_head(bytes, sizeof(bytes), &head, NULL) != 1)
		return false;
	if (s->n && (head.machine != s->head.machine || head.bits != s->head.bits || head.is_big != s->head.is_big))
		return false;
	if (!s->n)
		s->head = head;
	/* The path without links, as $ORIGIN requires; below a root, relative to it. */
	doctor_real_path(fd, path, real);
	if (s->place->root >= 0)
		doctor_real_path(s->place->root, "", top);
	skip = strcmp(top, "/") ? strlen(top) : 0;
	if (!s->place->prefix && str_starts(real, top) && real[skip] == '/')
		path = real + skip;
	*library = (struct library){ .name = mem_text(name), .path = mem_text(path), .by = s->by };
	/* The loader gives up on such a library, and looks no further. */
	if (!elf_read(fd, elf, NULL) && elf->is_truncated)
		library->flaw = "all of";
	else if (!fstatvfs(fd, &fs) && fs.f_flag & ST_NOEXEC)
		library->flaw = "the right to map (mounted noexec)";
	dynamic_read(fd, &library->dynamic);
	s->n++;
	return true;
}

/*
 * Searches a list separated by colons; origin is the path of the file that contains it. ld.so(8), glibc-hwcaps: what is
 * built for newer processors than the architecture's oldest is below each directory.
 */
static bool load_from(struct search *s, const char *name, const char *list, const char *origin)
{
#define NEWER(level) "glibc-hwcaps/" level "/"
	static const char *const below[] = { "", NEWER("x86-64-v4"), NEWER("x86-64-v3"), NEWER("x86-64-v2"),
		NEWER("power10"), NEWER("power9"), NEWER("z16"), NEWER("z15"), NEWER("z14"), NEWER("z13") };
#undef NEWER

	for (const char *dir = list; dir && *dir; dir += strcspn(dir, ":"), dir += *dir == ':') {
		int len = (int)strcspn(dir, ":"), skip = 0;

		if (str_starts(dir, "$ORIGIN"))
			skip = (int)strlen("$ORIGIN");
		else if (str_starts(dir, "${ORIGIN}"))
			skip = (int)strlen("${ORIGIN}");
		for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
			auto_free char *path =
				mem_print("%.*s%.*s/%s%s", skip ? (int)(strrchr(origin, '/') - origin) : 0, origin,
					len - skip, dir + skip, below[i], name);

			if (*path == '/' && load(s, name, path))
				return true;
		}
	}
	return false;
}

/* Searches the paths that ldconfig found as text, which all cache formats have in common. */
static bool load_from_cache(struct search *s, const char *name)
{
	auto_buf wanted = { 0 };
	const char *at = s->cache.data, *end = s->cache.data + s->cache.len;

	buf_addf(&wanted, "/%s", name);
	while (at && (at = memmem(at, (size_t)(end - at), buf_text(&wanted), wanted.len + 1))) {
		const char *start = at;

		while (start > s->cache.data && start[-1])
			start--;
		if (*start == '/' && load(s, name, start))
			return true;
		at += wanted.len;
	}
	return false;
}

/*
 * Searches the paths of the file that needs the library and of those that it was loaded for. With glibc only DT_RPATH
 * is passed on, and only to files without DT_RUNPATH.
 */
static bool load_from_files(struct search *s, const char *name)
{
	for (size_t at = s->by;; at = s->loaded[at].by) {
		const struct library *file = &s->loaded[at];
		const char *list = file->dynamic.path;

		if (at != s->by && !s->is_musl && (file->dynamic.is_runpath || s->loaded[s->by].dynamic.is_runpath))
			list = NULL;
		if (list && (strstr(list, "$LIB") || strstr(list, "$PLATFORM")))
			return s->is_partial = true;
		if (load_from(s, name, list, file->path))
			return true;
		if (!at)
			return false;
	}
}

/* Finds a library in the places that the files that need it and the system specify. False if missing. */
static bool find(struct search *s, const char *name)
{
	/* What musl's loader contains, under names of other C libraries. */
	static const char *const built_in[] = { "libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.",
		"libxnet.", "ld-musl-" };
	const char *environment = s->place->root < 0 ? getenv("LD_LIBRARY_PATH") : NULL;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->loaded[i].name, name))
			return true;
	if (s->n == LOADED_MAX)
		return s->is_partial = true;
	for (size_t i = 0; s->is_musl && i < ARRAY_SIZE(built_in); i++)
		if (str_starts(name, built_in[i]))
			return true;
	if (!strcmp(name, str_basename(s->place->loader)))
		return true;
	if (strchr(name, '/'))
		return load(s, name, name);
	return load_from_files(s, name) || load_from(s, name, environment, "/") || load_from_cache(s, name) ||
	       load_from(s, name, buf_text(&s->usual), "/");
}

static void read_whole(const struct libraries_place *place, const char *path, size_t limit, struct buf *ret)
{
	auto_fd fd = open_in(place, path);

	if (fd >= 0 && fd_read_all(fd, limit, ret))
		ret->len = 0;
}

/* The default directories of the system's loader. */
static void find_usual(struct search *s, const struct platform *platform)
{
	static const char *const dirs[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32",
		"/libx32", "/usr/libx32" };
	struct name_words words = name_words(platform);
	const char *loader = str_basename(s->place->loader);
	auto_fd fd = open_in(s->place, s->place->loader);
	struct dynamic dynamic = { 0 };

	/* musl's loader has no symbol versions, unlike glibc's under its name. */
	if (fd >= 0)
		dynamic_read(fd, &dynamic);
	s->is_musl = !dynamic.n_defines && str_starts(loader, "ld-musl-");
	dynamic_done(&dynamic);
	if (s->is_musl) {
		auto_buf path = { 0 };

		buf_addf(&path, "/etc/%.*s.path", (int)strcspn(loader, "."), loader);
		read_whole(s->place, buf_text(&path), MUSL_PATH_MAX, &s->usual);
		for (size_t i = 0; i < s->usual.len; i++)
			s->usual.data[i] = s->usual.data[i] == '\n' ? ':' : s->usual.data[i];
		if (!s->usual.len)
			buf_adds(&s->usual, "/lib:/usr/local/lib:/usr/lib");
		return;
	}
	read_whole(s->place, "/etc/ld.so.cache", CACHE_MAX, &s->cache);
	if (*words.gnu)
		buf_addf(&s->usual, "/lib/%s:/usr/lib/%s:", words.gnu, words.gnu);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		buf_addf(&s->usual, "%s:", dirs[i]);
}

static bool defines(const struct library *library, const char *version)
{
	for (size_t i = 0; i < library->dynamic.n_defines; i++)
		if (!strcmp(library->dynamic.defines[i].version, version))
			return true;
	return false;
}

static void check_versions(const struct search *s, struct buf *ret)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->loaded[i].dynamic.n_wants; k++) {
			const struct dynamic_version *want = &s->loaded[i].dynamic.wants[k];

			for (size_t l = 1; l < s->n && !(want->flags & VER_FLG_WEAK); l++) {
				if (strcmp(s->loaded[l].name, want->file) || defines(&s->loaded[l], want->version))
					continue;
				buf_addf(ret,
					"version %s of %s, which %s needs: the one that is there does not have it",
					want->version, s->loaded[l].path, s->loaded[i].path);
				return;
			}
		}
}

/* A symbol that a file uses and that others have to define. */
struct wanted {
	char *name, *version; /* version: NULL for any */
	size_t by;
	bool is_early, is_copied, is_found; /* copied: the program has a place for another file's data */
};

static int compare_wanted(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->name, ((const struct wanted *)b)->name);
}

static bool read_symbols(const struct search *s, size_t i, struct dynamic_symbols *ret)
{
	auto_fd fd = open_in(s->place, s->loaded[i].path);
	const char *now = s->place->root < 0 ? getenv("LD_BIND_NOW") : NULL;

	return !dynamic_symbols_read(fd, s->is_musl || (now && *now), ret);
}

/* Preloaded libraries could define any symbol. */
static void check_symbols(const struct search *s, struct libraries_missing *ret)
{
	struct dynamic_symbols symbols = { 0 };
	struct wanted *list = NULL;
	bool is_known = true;
	size_t n = 0;

	for (size_t i = 0; is_known && i < s->n; i++) {
		is_known = read_symbols(s, i, &symbols);
		for (size_t k = 0; k < symbols.n && n < WANTED_MAX; k++) {
			const struct dynamic_symbol *symbol = &symbols.list[k];
			bool is_copied = symbol->is_defined && symbol->is_data && !i;

			if (!symbol->use || symbol->is_weak || (symbol->is_defined && !is_copied) ||
				strnlen(symbol->name, SYMBOL_MAX) == SYMBOL_MAX)
				continue;
			list = mem_more(list, n, sizeof(*list));
			list[n++] = (struct wanted){ .name = mem_text(symbol->name),
				.version = symbol->version && !s->is_musl ? mem_text(symbol->version) : NULL,
				.by = i,
				.is_early = symbol->use == DYNAMIC_EARLY,
				.is_copied = is_copied };
		}
		dynamic_symbols_done(&symbols);
	}
	if (n)
		qsort(list, n, sizeof(*list), compare_wanted);
	for (size_t i = 0; is_known && i < s->n; i++) {
		is_known = read_symbols(s, i, &symbols);
		for (size_t k = 0; n && k < symbols.n; k++) {
			struct wanted key = { .name = (char *)symbols.list[k].name }, *hit = NULL;
			const char *version = symbols.list[k].version;

			if (symbols.list[k].is_defined)
				hit = bsearch(&key, list, n, sizeof(key), compare_wanted);
			while (hit && hit > list && !compare_wanted(hit - 1, &key))
				hit--;
			for (; hit && hit < list + n && !compare_wanted(hit, &key); hit++)
				hit->is_found |= (i || !hit->is_copied) &&
						 (!version || !hit->version || !strcmp(version, hit->version));
		}
		dynamic_symbols_done(&symbols);
	}
	for (size_t i = 0; i < n; i++) {
		const struct wanted *wanted = &list[i];

		if (is_known && !wanted->is_found && (!ret->symbol.len || (wanted->is_early && !ret->is_early))) {
			ret->symbol.len = 0;
			buf_addf(&ret->symbol, "%s%s%s, which %s uses", wanted->name,
				wanted->version ? " of version " : "", wanted->version ? wanted->version : "",
				s->loaded[wanted->by].path);
			ret->is_early = wanted->is_early;
		}
		free(wanted->name);
		free(wanted->version);
	}
	free(list);
}

static void find_all(struct search *s, const char *path, const struct platform *platform, struct libraries_missing *ret)
{
	auto_buf preload = { 0 };

	find_usual(s, platform);
	for (s->by = 0; s->by < s->n && !ret->file.len; s->by++)
		for (size_t k = 0; k < s->loaded[s->by].dynamic.n_needed && !ret->file.len; k++)
			if (!find(s, s->loaded[s->by].dynamic.needed[k]))
				buf_addf(&ret->file, "%s, which %s needs", s->loaded[s->by].dynamic.needed[k],
					s->loaded[s->by].path);
	for (size_t i = 1; i < s->n && !ret->file.len; i++)
		if (s->loaded[i].flaw)
			buf_addf(&ret->file, "%s %s", s->loaded[i].flaw, s->loaded[i].path);
	if (!ret->file.len && !s->is_musl) /* musl has no symbol versions */
		check_versions(s, &ret->file);
	read_whole(s->place, "/etc/ld.so.preload", MUSL_PATH_MAX, &preload);
	s->is_partial |= preload.len || (s->place->root < 0 && getenv("LD_PRELOAD"));
	s->by = 0;
	if (!ret->file.len && !s->is_partial && s->n < LOADED_MAX && strcmp(path, s->place->loader) &&
		load(s, str_basename(s->place->loader), s->place->loader))
		check_symbols(s, ret);
}

void libraries_check(const struct libraries_place *place, const char *path, const struct platform *platform,
	struct libraries_missing *ret)
{
	auto_free struct search *s = mem_new(1, sizeof(*s));
	const char *loader = str_basename(place->loader);

	*ret = (struct libraries_missing){ 0 };
	s->place = place;
	/* Other loaders, such as Android's, have other rules. */
	if ((str_starts(loader, "ld-") || str_starts(loader, "ld.so") || str_starts(loader, "ld64")) &&
		load(s, path, path))
		find_all(s, path, platform, ret);
	for (size_t i = 0; i < s->n; i++) {
		free(s->loaded[i].name);
		free(s->loaded[i].path);
		dynamic_done(&s->loaded[i].dynamic);
	}
	buf_done(&s->cache);
	buf_done(&s->usual);
}
