// SPDX-License-Identifier: MIT
/*
 * The entry stub: the first instructions of an emulator. If the root has a native tool for exactly the program to be
 * started, the stub executes the tool; in every other case the emulator continues as without the stub.
 *
 * It is linked separately into position-independent bytes (entry.ld): no library, no relocation, no data.
 */
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "emulator/entry/layout.h"
#include "emulator/entry/rules.h"
#include "emulator/entry/system.h"

enum { FLAGS_PRESERVE_ARGV0 = 1 }; /* AT_FLAGS_PRESERVE_ARGV0 of linux/binfmts.h, since 5.12 */

/* The initial stack, and the index. */
struct start {
	unsigned long argc;
	char **argv, **envp;
	unsigned long first; /* argv[first] is the program's own argv[0], argv[1] its path */
	const struct entry_index *index;
	unsigned long mapped;
	bool is_other_revision; /* of the tool that was found */
};

/* false if the program has other rights (AT_SECURE), or no program is named. */
static bool read_stack(unsigned long *sp, struct start *s)
{
	unsigned long *aux, preserved = 0;

	s->argc = *sp;
	s->argv = (char **)(sp + 1);
	s->envp = s->argv + s->argc + 1;
	for (aux = (unsigned long *)s->envp; *aux;)
		aux++;
	for (aux++; *aux != AT_NULL; aux += 2) {
		if (*aux == AT_SECURE && aux[1])
			return false;
		if (*aux == AT_FLAGS)
			preserved = aux[1] & FLAGS_PRESERVE_ARGV0;
	}
	s->first = 1 + preserved;
	return s->argc > s->first;
}

static const char *text(const struct entry_index *index, uint32_t at)
{
	return (const char *)index + (at < index->size ? at : index->size - 1);
}

static const struct entry_tool *tools(const struct entry_index *index)
{
	return (const struct entry_tool *)(index + 1);
}

/* Owned by root, and only root can change it. */
static bool is_trusted(const struct statx *st)
{
	return !st->stx_uid && !(st->stx_mode & 022);
}

static bool map_index(int fd, struct start *s)
{
	struct statx st;
	long at;

	if (system_stat(fd, "", AT_EMPTY_PATH, &st) || !is_trusted(&st) || (st.stx_mode & S_IFMT) != S_IFREG ||
		st.stx_size > ENTRY_SIZE_MAX || st.stx_size < sizeof(struct entry_index))
		return false;
	at = system_map(fd, st.stx_size);
	if (at < 0 && at > -4096)
		return false;
	if (!entry_index_is_good((const struct entry_index *)at, st.stx_size)) {
		system_unmap((void *)at, st.stx_size);
		return false;
	}
	s->index = (const struct entry_index *)at;
	s->mapped = st.stx_size;
	return true;
}

static bool open_at(const char *directory, const char *index, struct start *s)
{
	long fd = system_open(index, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct statx st;
	bool is_there;

	if (fd < 0)
		return false;
	is_there = !system_stat(AT_FDCWD, directory, AT_SYMLINK_NOFOLLOW, &st) && is_trusted(&st) &&
		   (st.stx_mode & S_IFMT) == S_IFDIR && map_index((int)fd, s);
	system_close((int)fd);
	return is_there;
}

static bool is_file(const char *path, uint64_t size)
{
	struct statx st;

	return !system_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &st) && is_trusted(&st) &&
	       (st.stx_mode & S_IFMT) == S_IFREG && st.stx_size == size;
}

static bool has_id(const char *path, const struct entry_tool *tool)
{
	uint8_t id[ENTRY_ID_MAX];
	long fd, n;

	if (!tool->id_len || tool->id_len > ENTRY_ID_MAX)
		return false;
	fd = system_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = system_pread((int)fd, id, tool->id_len, tool->id_at);
	system_close((int)fd);
	for (uint32_t i = 0; i < tool->id_len; i++)
		if (n != (long)tool->id_len || id[i] != tool->id[i])
			return false;
	return true;
}

/* The first tool for a program of at least this size; tools are sorted by it. */
static uint32_t first_of_size(const struct entry_index *index, uint64_t size)
{
	uint32_t low = 0, high = index->n_tools;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (tools(index)[middle].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum { LOOKED_AT_MAX = 8 * 1024 * 1024, PROGRAM_MAX = 64 * 1024 * 1024 };

static bool begins_with(const char *bytes, unsigned long len, const char *text)
{
	unsigned long k = 0;

	while (text[k] && k < len && bytes[k] == text[k])
		k++;
	return !text[k];
}

/* Where the bytes contain text, from there on; len: nowhere. Compilers are large: skips eight bytes at a time. */
static unsigned long find_bytes(const char *bytes, unsigned long len, unsigned long from, const char *text)
{
	const uint64_t ones = 0x0101010101010101, first = ones * (uint8_t)*text;

	for (unsigned long i = from; i < len; i++) {
		for (uint64_t eight; i + sizeof(eight) <= len; i += sizeof(eight)) {
			__builtin_memcpy(&eight, bytes + i, sizeof(eight));
			eight ^= first;
			if ((eight - ones) & ~eight & (ones << 7)) /* one of them is 0 */
				break;
		}
		if (i < len && begins_with(bytes + i, len - i, text))
			return i;
	}
	return len;
}

/* Maps a regular file that is not empty and at most limit long; NULL on failure. */
static const char *map_file(const char *path, uint64_t limit, uint64_t *ret_len)
{
	long fd = system_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), at = -1;
	struct statx st;

	if (fd < 0)
		return 0;
	if (!system_stat((int)fd, "", AT_EMPTY_PATH, &st) && (st.stx_mode & S_IFMT) == S_IFREG && st.stx_size &&
		st.stx_size <= limit)
		at = system_map((int)fd, st.stx_size);
	system_close((int)fd);
	*ret_len = st.stx_size;
	return at < 0 && at > -4096 ? 0 : (const char *)at;
}

/* Whether the tool's file is of the native tool's package, perhaps of another revision. */
static bool has_package(struct start *s, const struct entry_tool *tool)
{
	const char *package = text(s->index, tool->package), *revision = text(s->index, tool->revision);
	const char *proof = text(s->index, tool->proof), *bytes;
	uint64_t len, at = 0;
	bool has = false;
	struct statx st;

	if (system_stat(AT_FDCWD, proof, 0, &st) || !is_trusted(&st))
		return false;
	bytes = map_file(proof, PROGRAM_MAX, &len);
	for (; bytes && !has && (at = find_bytes(bytes, len, at, package)) < len; at++) {
		uint64_t end = at;

		for (const char *p = package; *p; p++)
			end++;
		/* A separate string, of which no longer version is a part: 12.2.0 is not in 12.2.01. */
		if (end >= len || (at && bytes[at - 1] >= ' ') || bytes[end] == '.' ||
			(bytes[end] >= '0' && bytes[end] <= '9'))
			continue;
		s->is_other_revision = !begins_with(bytes + end, len - end, revision);
		has = *revision || !bytes[end];
	}
	if (bytes)
		system_unmap((void *)bytes, len);
	return has;
}

/* Whether a tool is at this path in the root: links do not matter, other files do not match. */
static bool is_at(const struct start *s, const struct entry_tool *tool, const struct statx *st)
{
	struct statx own;

	return !system_stat(AT_FDCWD, text(s->index, tool->path), 0, &own) && st->stx_ino == own.stx_ino &&
	       st->stx_dev_major == own.stx_dev_major && st->stx_dev_minor == own.stx_dev_minor &&
	       is_file(text(s->index, tool->native), tool->native_size);
}

static const struct entry_tool *find(struct start *s, const char *path, enum entry_kind kind)
{
	const struct entry_tool *tool = tools(s->index), *end = tool + s->index->n_tools;
	struct statx st;

	if (system_stat(AT_FDCWD, path, 0, &st) || !st.stx_size)
		return 0;
	for (tool += first_of_size(s->index, st.stx_size); tool < end && tool->size == st.stx_size; tool++)
		if (tool->kind == kind && tool->mtime == st.stx_mtime.tv_sec && is_at(s, tool, &st) &&
			has_id(path, tool)) {
			s->is_other_revision = tool->is_other_revision;
			return tool;
		}
	for (tool = tools(s->index); tool < end && !tool->size; tool++)
		if (tool->kind == kind && is_trusted(&st) && is_at(s, tool, &st) && has_package(s, tool))
			return tool;
	return 0;
}

enum { ENTRIES_MAX = 8 * 1024 };

/* A directory that only root can change, with regular files only: ld.so(8) searches subdirectories (glibc-hwcaps). */
static bool is_flat_folder(const char *path)
{
	long fd = system_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), n = -1;
	char entries[ENTRIES_MAX];
	struct statx st;
	bool is_flat;

	if (fd < 0)
		return false;
	is_flat = !system_stat((int)fd, "", AT_EMPTY_PATH, &st) && is_trusted(&st);
	while (is_flat && (n = system_list((int)fd, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n;) {
			const struct linux_dirent *entry = (const void *)(entries + at);
			bool is_dot = entry->d_name[0] == '.' &&
				      (!entry->d_name[1] || (entry->d_name[1] == '.' && !entry->d_name[2]));

			is_flat &= is_dot || entry->d_type == DT_REG;
			at += entry->d_reclen;
		}
	system_close((int)fd);
	return is_flat && !n;
}

/* Whether all files that tools need are intact: after execve(2) it is too late to emulate. */
static bool is_complete(const struct entry_index *index)
{
	const struct entry_file *file = (const struct entry_file *)(tools(index) + index->n_tools);

	for (uint32_t i = 0; i < index->n_files; i++, file++) {
		const char *path = text(index, file->path);

		if (file->is_folder ? !is_flat_folder(path) : !is_file(path, file->size))
			return false;
	}
	return true;
}

static const char *plugin_twin(void *context, const char *path)
{
	struct start *s = context;
	const struct entry_tool *tool = find(s, path, ENTRY_PLUGIN);

	return tool ? text(s->index, tool->native) : 0;
}

static bool exists(const char *path)
{
	struct statx st;

	return !system_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &st);
}

/* A file that cannot be read counts as containing the text. */
static bool file_has(const char *path, const char *text_of)
{
	uint64_t len;
	const char *bytes = map_file(path, LOOKED_AT_MAX, &len);
	bool has = !bytes || find_bytes(bytes, len, 0, text_of) < len;

	if (bytes)
		system_unmap((void *)bytes, len);
	return has;
}

/* Without nsswitch.conf, glibc uses "files". */
static bool has_file_names(void)
{
	uint64_t len;
	const char *bytes = map_file("/etc/nsswitch.conf", LOOKED_AT_MAX, &len);
	bool has = bytes ? rules_has_file_names(bytes, len) : !exists("/etc/nsswitch.conf");

	if (bytes)
		system_unmap((void *)bytes, len);
	return has;
}

/* Returns only if the tool must not be used or does not start. */
static void start_tool(struct start *s, const struct entry_tool *tool, const char **room)
{
	const char **argv = room, **env;
	struct rules_input input = {
		.words = text(s->index, tool->rules),
		.end = (const char *)s->index + s->index->size,
		.args = s->argv + s->first + 1,
		.env = s->envp,
		.plugin = plugin_twin,
		.exists = exists,
		.file_has = file_has,
		.has_file_names = has_file_names,
		.is_other_revision = s->is_other_revision,
		.context = s,
	};

	*argv++ = text(s->index, s->index->loader);
	if (!s->index->is_musl)
		*argv++ = "--inhibit-cache";
	*argv++ = "--library-path";
	*argv++ = text(s->index, s->index->libraries);
	*argv++ = "--argv0";
	*argv++ = s->argv[s->first];
	*argv++ = text(s->index, tool->native);
	if (!rules_apply(&input, argv))
		return;
	while (*argv)
		argv++;
	env = ++argv;
	/* Without variables for the root's own loader. */
	for (char **own = s->envp; *own; own++)
		if (rules_passes_on(*own))
			*argv++ = *own;
	*argv = 0;
	system_exec(room[0], room, env);
}

enum { OWN_WORDS = 16 };

static void try_tool(struct start *s)
{
	const struct entry_tool *tool = find(s, s->argv[1], ENTRY_PROGRAM);
	unsigned long words = s->argc + RULES_ADDED_MAX + OWN_WORDS;
	const char *value;
	long room;

	/* The native loader would read the root's /etc/ld.so.preload, too. */
	if (!tool || !is_complete(s->index) || exists("/etc/ld.so.preload"))
		return;
	if (rules_wants_emulator(s->envp) ||
		(rules_has_variable(s->envp, ENTRY_SWITCH, &value) && *value == '0' && !value[1]))
		return;
	for (char **env = s->envp; *env; env++)
		words++;
	room = system_allocate(words * sizeof(char *));
	if (room < 0 && room > -4096)
		return;
	start_tool(s, tool, (const char **)room);
	system_unmap((void *)room, words * sizeof(char *));
}

/* Called with the kernel's initial stack, which is not modified. */
__attribute__((visibility("hidden"), used)) void entry_main(unsigned long *sp)
{
	struct start s;

	s.index = 0;
	if (!read_stack(sp, &s))
		return;
	if (open_at(ENTRY_PLACE_RUN, ENTRY_PLACE_RUN ENTRY_INDEX, &s) ||
		open_at(ENTRY_PLACE_ROOT, ENTRY_PLACE_ROOT ENTRY_INDEX, &s))
		try_tool(&s);
	if (s.index)
		system_unmap((void *)s.index, s.mapped);
}
