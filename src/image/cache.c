// SPDX-License-Identifier: MIT
/* What layers were found to hold, kept by their digests, so that they need not be read again. */
#include "image/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"

enum { FILES_MAX = 10000, HEX = 64, USE_NOTED = 3600 /* seconds */ };

/* How a file begins. Arrays follow as they are in memory: nobody reads them but this program on this machine. */
struct header {
	char magic[24];
	char program[24];
	char check[DIGEST_TEXT]; /* of all that follows this member */
	uint64_t size;		 /* of the layer as it is stored */
	uint32_t entry_size, directory_size, program_size;
	uint32_t n, n_directories, n_programs, used;
	char codec[8];
	char system[CONTENT_TEXT_MAX];
};

/* The number is another one whenever a layer is read otherwise than before. */
static const char magic[24] = "anyarch layer 1", program[24] = ANYARCH_VERSION;

/* Architectures have addresses in memory, and numbers here: 0 for none. */
struct stored_program {
	uint64_t size;
	struct elf_head head;
	char variant[NAME_VARIANT_MAX];
	uint32_t version, digest;
	uint8_t arch, emulates, is_known, is_usable;
};

static uint8_t number_of(const struct arch *arch)
{
	uint8_t number = 0;

	for (const struct arch *row = NULL; arch && (row = arch_next(row));) {
		number++;
		if (row == arch)
			return number;
	}
	return 0;
}

static bool arch_of(uint8_t number, const struct arch **ret)
{
	const struct arch *row = NULL;

	for (uint8_t i = 0; i < number; i++)
		if (!(row = arch_next(row)))
			return false;
	*ret = row;
	return true;
}

/* ---- the directory ---- */

static bool is_own(int dir, bool is_private)
{
	struct stat st;

	return !fstat(dir, &st) && st.st_uid == geteuid() && (!is_private || !(st.st_mode & 022));
}

static int open_below(int dir, const char *name)
{
	int fd;

	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || is_own(fd, true))
		return fd;
	close(fd);
	return -1;
}

/* In another user's home, as sudo may leave it, nothing is made: what is not there would be ours, and in the way. */
static bool may_make(const char *path)
{
	auto_free char *copy = mem_text(path);
	struct stat st;

	return copy && !stat(dirname(copy), &st) && (st.st_uid == geteuid() || st.st_uid == 0);
}

/* XDG Base Directory Specification: what is not absolute is ignored. */
int cache_open(const char *xdg_cache_home, const char *home)
{
	auto_fd base = -1, own = -1;
	auto_buf path = { 0 };

	if (xdg_cache_home && *xdg_cache_home == '/')
		buf_adds(&path, xdg_cache_home);
	else if (home && *home == '/')
		buf_addf(&path, "%s/.cache", home);
	if (!path.len || !buf_ok(&path))
		return -1;
	base = open(buf_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base < 0 && errno == ENOENT && may_make(buf_text(&path)) &&
		(!mkdir(buf_text(&path), 0700) || errno == EEXIST))
		base = open(buf_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base < 0 || !is_own(base, false))
		return -1;
	own = open_below(base, "anyarch");
	return own < 0 ? -1 : open_below(own, "layers");
}

static bool file_name(const char *digest, char ret[HEX + 1])
{
	return digest_is_valid(digest) && snprintf(ret, HEX + 1, "%s", digest + strlen("sha256:")) == HEX;
}

/* ---- from a file ---- */

/* A file that is read from its start, each part checked as it comes. */
struct input {
	int fd;
	uint64_t at, end;
	struct digest_state *state;
};

/* An array of n items, which has to fit into what is left of the file. NULL for none, also when there are none. */
static void *take(struct input *in, size_t n, size_t size)
{
	void *items;

	if (!n || (in->end - in->at) / size < n)
		return NULL;
	items = mem_new(n, size);
	if (!items || fd_pread(in->fd, items, n * size, (off_t)in->at) != (ssize_t)(n * size)) {
		free(items);
		return NULL;
	}
	digest_add(in->state, items, n * size);
	in->at += n * size;
	return items;
}

static bool take_programs(struct input *in, struct layer *layer, size_t n)
{
	auto_free struct stored_program *stored = take(in, n, sizeof(*stored));
	bool ok = stored || !n;

	layer->programs = n && ok ? mem_new(n, sizeof(*layer->programs)) : NULL;
	for (size_t i = 0; layer->programs && ok && i < n; i++) {
		struct layer_program *one = &layer->programs[i];

		*one = (struct layer_program){ .head = stored[i].head,
			.size = stored[i].size,
			.version = stored[i].version,
			.digest = stored[i].digest,
			.is_known = stored[i].is_known,
			.is_usable = stored[i].is_usable };
		memcpy(one->platform.variant, stored[i].variant, NAME_VARIANT_MAX - 1);
		ok = arch_of(stored[i].arch, &one->platform.arch) && arch_of(stored[i].emulates, &one->emulates) &&
		     one->version < layer->used && one->digest < layer->used && (!one->is_known || one->platform.arch);
	}
	layer->n_programs = layer->programs_cap = layer->programs ? n : 0;
	return ok && layer->n_programs == n;
}

static bool are_directories_sound(const struct layer *layer)
{
	for (size_t i = 0; i < layer->n_directories; i++) {
		const struct layer_directory *directory = &layer->directories[i];

		if (directory->records >= layer->used || directory->records_len >= layer->used - directory->records)
			return false;
	}
	return true;
}

static bool are_entries_sound(struct layer *layer)
{
	for (size_t i = 0; i < layer->n; i++) {
		const struct layer_entry *entry = &layer->entries[i];
		size_t more = entry->kind == LAYER_DIRECTORY ? layer->n_directories
			      : entry->kind == LAYER_FILE    ? layer->n_programs
							     : 0;

		if (entry->path >= layer->used || entry->link >= layer->used || entry->kind > LAYER_WHITEOUT ||
			entry->more > more)
			return false;
		layer->has_whiteouts |= entry->kind == LAYER_WHITEOUT;
		layer->has_blockers |= entry->kind != LAYER_WHITEOUT && entry->kind != LAYER_DIRECTORY;
	}
	return !layer->used || !layer->arena[layer->used - 1];
}

static bool take_arrays(struct input *in, const struct header *header, struct layer *layer)
{
	layer->arena = take(in, header->used, 1);
	layer->used = layer->room = layer->arena ? header->used : 0;
	layer->entries = take(in, header->n, sizeof(*layer->entries));
	layer->n = layer->cap = layer->entries ? header->n : 0;
	layer->directories = take(in, header->n_directories, sizeof(*layer->directories));
	layer->n_directories = layer->directories_cap = layer->directories ? header->n_directories : 0;
	return take_programs(in, layer, header->n_programs) && in->at == in->end && layer->used == header->used &&
	       layer->n == header->n && layer->n_directories == header->n_directories && are_directories_sound(layer) &&
	       are_entries_sound(layer);
}

static bool is_ours(const struct header *header, uint64_t size)
{
	return !memcmp(header->magic, magic, sizeof(magic)) && !memcmp(header->program, program, sizeof(program)) &&
	       header->size == size && header->entry_size == sizeof(struct layer_entry) &&
	       header->directory_size == sizeof(struct layer_directory) &&
	       header->program_size == sizeof(struct stored_program) && !header->codec[sizeof(header->codec) - 1] &&
	       !header->system[sizeof(header->system) - 1];
}

static const char *codec_of(const struct header *header)
{
	return !strcmp(header->codec, "gzip") ? "gzip" : !strcmp(header->codec, "zstd") ? "zstd" : NULL;
}

static bool load(int fd, uint64_t size, struct layer *layer)
{
	struct input in = { .fd = fd, .at = sizeof(struct header) };
	struct header header;
	char digest[DIGEST_TEXT];
	struct stat st;
	bool ok;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size > CACHE_ENTRY_MAX ||
		fd_pread(fd, &header, sizeof(header), 0) != sizeof(header) || !is_ours(&header, size) ||
		!codec_of(&header) || !(in.state = digest_begin()))
		return false;
	in.end = (uint64_t)st.st_size;
	digest_add(in.state, &header.size, sizeof(header) - offsetof(struct header, size));
	ok = take_arrays(&in, &header, layer);
	digest_end(in.state, digest);
	layer->codec = codec_of(&header);
	memcpy(layer->system, header.system, sizeof(layer->system));
	layer->is_proven = true;
	return ok && !memcmp(digest, header.check, DIGEST_TEXT) && !layer_adopt(layer);
}

/* Once an hour is enough, and does not keep the disk busy with it when the image is to be there. */
static void note_use(int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && (time(NULL) < st.st_mtime || time(NULL) - st.st_mtime > USE_NOTED))
		futimens(fd, NULL);
}

bool cache_load(int cache, const char *digest, uint64_t size, struct layer *ret)
{
	struct layer layer = { 0 };
	char name[HEX + 1];
	auto_fd fd = -1;

	if (cache < 0 || !file_name(digest, name))
		return false;
	fd = openat(cache, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!load(fd, size, &layer)) {
		layer_done(&layer);
		return false;
	}
	note_use(fd);
	*ret = layer;
	return true;
}

/* ---- into a file ---- */

struct output {
	int fd;
	int code;
	struct digest_state *state;
};

static void put(struct output *out, const void *data, size_t len)
{
	if (out->code || !len)
		return;
	digest_add(out->state, data, len);
	out->code = fd_write(out->fd, data, len);
}

static void put_programs(struct output *out, const struct layer *layer)
{
	for (size_t i = 0; i < layer->n_programs; i++) {
		const struct layer_program *one = &layer->programs[i];
		struct stored_program stored;

		memset(&stored, 0, sizeof(stored));
		stored.head = one->head;
		stored.size = one->size;
		stored.version = one->version;
		stored.digest = one->digest;
		stored.arch = number_of(one->platform.arch);
		stored.emulates = number_of(one->emulates);
		stored.is_known = one->is_known;
		stored.is_usable = one->is_usable;
		memcpy(stored.variant, one->platform.variant, NAME_VARIANT_MAX);
		put(out, &stored, sizeof(stored));
	}
}

static int write_all(int fd, const struct layer *layer, struct header *header)
{
	struct output out = { .fd = fd, .state = digest_begin() };

	if (!out.state)
		return -ENOMEM;
	out.code = lseek(fd, sizeof(*header), SEEK_SET) < 0 ? -errno : 0;
	digest_add(out.state, &header->size, sizeof(*header) - offsetof(struct header, size));
	put(&out, layer->arena, layer->used);
	put(&out, layer->entries, layer->n * sizeof(*layer->entries));
	put(&out, layer->directories, layer->n_directories * sizeof(*layer->directories));
	put_programs(&out, layer);
	digest_end(out.state, header->check);
	if (!out.code && pwrite(fd, header, sizeof(*header), 0) != sizeof(*header))
		out.code = -EIO;
	return out.code;
}

static void describe(const struct layer *layer, uint64_t size, struct header *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->magic, magic, sizeof(magic));
	memcpy(ret->program, program, sizeof(program));
	ret->size = size;
	ret->entry_size = sizeof(*layer->entries);
	ret->directory_size = sizeof(*layer->directories);
	ret->program_size = sizeof(struct stored_program);
	ret->n = (uint32_t)layer->n;
	ret->n_directories = (uint32_t)layer->n_directories;
	ret->n_programs = (uint32_t)layer->n_programs;
	ret->used = (uint32_t)layer->used;
	snprintf(ret->codec, sizeof(ret->codec), "%s", layer->codec);
	memcpy(ret->system, layer->system, sizeof(ret->system));
}

void cache_store(int cache, const char *digest, uint64_t size, const struct layer *layer)
{
	size_t total = sizeof(struct header) + layer->used + layer->n * sizeof(*layer->entries) +
		       layer->n_directories * sizeof(*layer->directories) +
		       layer->n_programs * sizeof(struct stored_program);
	char name[HEX + 1], own[32];
	struct header header;
	auto_fd fd = -1;

	if (cache < 0 || !layer->is_proven || total > CACHE_ENTRY_MAX || !file_name(digest, name))
		return;
	describe(layer, size, &header);
	fd = openat(cache, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, layer, &header))
		return;
	unlinkat(cache, name, 0); /* one that could not be used */
	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, own, cache, name, AT_SYMLINK_FOLLOW) < 0)
		return; /* somebody else was faster, or it is not to be */
}

/* ---- not for ever ---- */

struct kept {
	char name[HEX + 1];
	struct timespec used;
	uint64_t size;
};

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct kept *)a)->used, *y = &((const struct kept *)b)->used;

	return x->tv_sec != y->tv_sec	  ? (x->tv_sec < y->tv_sec ? -1 : 1)
	       : x->tv_nsec != y->tv_nsec ? (x->tv_nsec < y->tv_nsec ? -1 : 1)
					  : 0;
}

static size_t list_files(DIR *dir, struct kept *files, uint64_t *total)
{
	const struct dirent *entry;
	size_t n = 0;

	while (n < FILES_MAX && (entry = readdir(dir))) {
		struct stat st;

		if (strlen(entry->d_name) != HEX || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		memcpy(files[n].name, entry->d_name, HEX + 1);
		files[n].used = st.st_mtim;
		files[n].size = (uint64_t)st.st_size;
		*total += files[n++].size;
	}
	return n;
}

void cache_trim(int cache)
{
	auto_free struct kept *files = cache < 0 ? NULL : mem_new(FILES_MAX, sizeof(*files));
	int fd = files ? openat(cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint64_t total = 0;
	size_t n;

	if (!dir) {
		cleanup_fd(&fd);
		return;
	}
	n = list_files(dir, files, &total);
	qsort(files, n, sizeof(*files), by_use);
	for (size_t i = 0; i < n && total > CACHE_MAX; i++)
		if (unlinkat(cache, files[i].name, 0) == 0)
			total -= files[i].size;
	closedir(dir);
}
