// SPDX-License-Identifier: MIT
/* emulator/entry: whatever an index says, the stub stays inside it, and starts no tool that it must not. */
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

void entry_main(unsigned long *sp);

// clang-format off
#include "emulator/entry/entry.c" // with the system calls of fake/
#include "emulator/entry/rules.c"
// clang-format on

/* The input: a byte each for the arguments, the environment and the flags of the start, their texts, and an index. */
enum { FLAG_SECURE = 1, FLAG_ARGV0 = 2, FLAG_MAGIC = 4, TEXTS_MAX = 12, INDEX_FD = 3, OTHER_FD = 4 };

static struct {
	const uint8_t *index;
	size_t len;
	const char *opened; /* the path of OTHER_FD */
	char **env;
	bool is_secure, is_started;
} world;

static bool has_letter(const char *path, char letter)
{
	return path && strchr(path, letter);
}

long system_open(const char *path, int flags)
{
	must(flags & O_CLOEXEC);
	if (!strcmp(path, ENTRY_PLACE_ROOT ENTRY_INDEX))
		return INDEX_FD;
	if (has_letter(path, '?'))
		return -2;
	world.opened = path;
	return OTHER_FD;
}

void system_close(int fd)
{
	must(fd == INDEX_FD || fd == OTHER_FD);
}

/* Files have 5 bytes; one is another's where the length of its path is. */
long system_stat(int dir, const char *path, int flags, struct statx *ret)
{
	bool is_index = dir == INDEX_FD && !*path;

	(void)flags;
	if (dir == OTHER_FD)
		path = world.opened;
	if (has_letter(path, '?') || (path && strstr(path, "preload")))
		return -2;
	memset(ret, 0, sizeof(*ret));
	ret->stx_mode = !strcmp(path, ENTRY_PLACE_ROOT) ? S_IFDIR | 0755 : S_IFREG | 0755;
	ret->stx_uid = has_letter(path, '!') ? 1000 : 0;
	ret->stx_mode |= has_letter(path, '%') ? 002 : 0;
	ret->stx_size = is_index ? world.len : 5;
	ret->stx_mtime.tv_sec = 7;
	ret->stx_ino = strlen(path);
	return 0;
}

long system_list(int fd, void *entries, unsigned long len)
{
	static bool is_second;
	struct linux_dirent *entry = entries;

	must(fd == OTHER_FD && len >= 64);
	is_second = !is_second;
	if (!is_second)
		return 0;
	memset(entry, 0, 32);
	entry->d_reclen = 32;
	entry->d_type = has_letter(world.opened, '/') ? DT_REG : DT_DIR;
	strcpy(entry->d_name, "x");
	return 32;
}

long system_pread(int fd, void *data, unsigned long len, unsigned long at)
{
	must(fd == OTHER_FD && at <= UINT32_MAX);
	memset(data, 0, len);
	return (long)len;
}

/* A copy of exactly so many bytes: whatever is read after them is seen. */
long system_map(int fd, unsigned long len)
{
	char *copy = malloc(len);

	must(copy && len);
	if (fd == INDEX_FD)
		memcpy(copy, world.index, len);
	else
		memset(copy, *world.opened, len);
	return (long)copy;
}

long system_allocate(unsigned long len)
{
	return (long)calloc(1, len);
}

void system_unmap(void *at, unsigned long len)
{
	(void)len;
	free(at);
}

static bool has_value(char **env, const char *name)
{
	const char *value;

	return rules_has_variable(env, name, &value) && *value;
}

void system_exec(const char *path, const char **argv, const char **envp)
{
	const struct entry_index *index = (const struct entry_index *)(const void *)world.index;
	size_t tool = index->is_musl ? 5 : 6; /* behind the loader, its options and the tool's name */
	const char *value;

	must(!world.is_secure && path == argv[0] && !world.is_started);
	world.is_started = true;
	for (size_t i = 0; i <= tool; i++)
		must(argv[i]);
	must(!has_letter(argv[tool], '!') && !has_letter(argv[tool], '%'));
	while (*argv)
		must(strlen(*argv++) < ENTRY_SIZE_MAX + 4096);
	for (; *envp; envp++)
		must(strncmp(*envp, "LD_", 3) || !strncmp(*envp, "LD_RUN_PATH=", 12));
	must(!has_value(world.env, "LD_PRELOAD") && !has_value(world.env, "LD_AUDIT"));
	must(!rules_has_variable(world.env, ENTRY_SWITCH, &value) || strcmp(value, "0"));
}

/* Up to n texts out of the input, behind each other on the stack, and NULL. */
static size_t push_texts(unsigned long *sp, size_t at, size_t n, char **text, const char *end)
{
	for (; n && *text < end; n--) {
		sp[at++] = (unsigned long)*text;
		*text += strlen(*text) + 1;
	}
	sp[at++] = 0;
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned long sp[2 * TEXTS_MAX + 12] = { 0 };
	static char qemu[] = "qemu";
	char *copy, *text;
	uint8_t *index;
	size_t at = 1;

	if (len < 4 || len > ENTRY_SIZE_MAX)
		return 0;
	copy = memcpy(malloc(len), data, len);
	copy[len - 1] = '\0';
	text = copy + 3;
	sp[at++] = (unsigned long)qemu;
	at = push_texts(sp, at, data[0] % TEXTS_MAX, &text, copy + len);
	sp[0] = at - 2;
	world.env = (char **)(sp + at);
	at = push_texts(sp, at, data[1] % TEXTS_MAX, &text, copy + len);
	world.is_secure = data[2] & FLAG_SECURE;
	world.is_started = false;
	sp[at++] = AT_SECURE;
	sp[at++] = world.is_secure;
	sp[at++] = AT_FLAGS;
	sp[at++] = data[2] & FLAG_ARGV0 ? FLAGS_PRESERVE_ARGV0 : 0;
	sp[at] = AT_NULL;
	world.len = (size_t)(copy + len - text);
	world.index = index = memcpy(malloc(world.len + 1), text, world.len);
	if (data[2] & FLAG_MAGIC && world.len >= sizeof(struct entry_index)) {
		memcpy(index, ENTRY_INDEX_MAGIC, 8);
		memcpy(index + 8, &(uint32_t){ (uint32_t)world.len }, 4);
	}
	entry_main(sp);
	free(index);
	free(copy);
	return 0;
}
