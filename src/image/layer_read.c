// SPDX-License-Identifier: MIT
/* Reads a layer's entries from its tar, without unpacking it. */
#include "image/layer_read.h"

#include <elf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/abi.h"
#include "base/codec.h"
#include "base/crew.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/str.h"
#include "image/tar_read.h"

enum {
	CHUNK = 64 * 1024,
	FIRST_PROGRAMS = 4,
	SMALL = 8 * 1024 * 1024,
	LARGE = 1024 * 1024, /* a program */
	ENDS = LARGE / 2,    /* its first and last bytes */
	PARTS_MAX = 16,	     /* its data between holes */
	THREADS_MAX = 16,
	PATH_LIMIT = 4096,
	RELEASE_MAX = 64 * 1024
};

/* State of layer_read(). */
struct reading {
	const struct layer_source *source;
	struct layer *layer;
	unsigned n_looked_into;
};

/*
 * Whether to examine a program: its name is typical of a system or was requested, or it is one of the layer's first
 * programs, which decide if there is nothing else.
 */
static bool is_wanted(struct reading *reading, const struct tar_entry *member, const char *path)
{
	static const char telling[] = "sh dash bash ash busybox [ sash posh yash mksh ksh zsh toybox "
				      "coreutils dpkg apk rpm pacman opkg env true init systemd";
	const char *name = str_basename(path);

	if (str_in_words(telling, name, strlen(name)))
		return true;
	for (size_t i = 0; i < reading->source->n_programs; i++)
		if (!strcmp(reading->source->programs[i], name))
			return true;
	return (member->mode & 0111) && !strstr(name, ".so") && reading->n_looked_into++ < FIRST_PROGRAMS;
}

/* A member of which the first bytes were read. */
struct begun {
	const char *path;
	uint8_t head[ELF_HEAD];
};

/* Copies the next len bytes of a member. */
static int copy(struct tar_reader *reader, int fd, uint64_t len, struct err *e)
{
	auto_free char *chunk = mem_new(1, CHUNK);
	ssize_t n = 1;
	int r = 0;

	for (; !r && len && n > 0; len -= (uint64_t)n) {
		n = tar_read(reader, chunk, (size_t)MIN_OF(len, (uint64_t)CHUNK), e);
		r = n < 0 ? (int)n : fd_write(fd, chunk, (size_t)n);
		if (r && n >= 0)
			return err_sys(e, r, "cannot look into a program");
	}
	return r;
}

/*
 * How much of a program's end elf_read() needs: the table of its sections is there, and before it what is not loaded,
 * such as .ARM.attributes. patchelf(1) appends an interpreter.
 */
static uint64_t end_of(int fd, const struct layer_program *program)
{
	struct elf_info info;

	if (program->head.machine != EM_ARM || elf_read(fd, &info, NULL) || info.loaded > program->size)
		return ENDS;
	return MIN_OF(program->size - info.loaded + ENDS, (uint64_t)LAYER_CAPTURE_MAX - ENDS);
}

/* Copies what is needed of a member to a memory file for libelf, which has holes for the rest. */
static int capture(struct tar_reader *reader, const struct begun *begun, const struct layer_program *program,
	bool is_whole, struct err *e)
{
	auto_fd fd = memfd_create("program", MFD_CLOEXEC);
	size_t n = (size_t)MIN_OF(program->size, (uint64_t)ELF_HEAD);
	uint64_t rest = program->size - n, len;
	int r = fd < 0 || fchmod(fd, reader->entry.mode & 07777) < 0 || ftruncate(fd, (off_t)program->size) < 0 ? -errno
														: 0;

	if (!r)
		r = fd_write(fd, begun->head, n);
	if (r)
		return err_sys(e, r, "cannot look into a program");
	if (tar_is_hollow(reader)) {
		while (!r && (len = sparse_pass_hole(&reader->sparse))) {
			lseek(fd, (off_t)reader->sparse.position, SEEK_SET);
			r = copy(reader, fd, len, e);
		}
		return r ? r : take_fd(&fd);
	}
	if (!is_whole && !reader->sparse.parts && rest > ENDS) {
		r = copy(reader, fd, ENDS, e);
		rest -= ENDS;
		len = r ? rest : end_of(fd, program);
		if (!r && rest > len) {
			r = tar_skip(reader, rest - len, e);
			lseek(fd, (off_t)(program->size - len), SEEK_SET);
			rest = len;
		}
	}
	if (!r)
		r = copy(reader, fd, rest, e);
	return r ? r : take_fd(&fd);
}

static int examine(
	struct layer *layer, struct layer_program *program, const struct tar_entry *entry, const char *path, int fd)
{
	static const char capability[] = " SCHILY.xattr.security.capability=";
	const struct arch *emulates = content_maybe_emulator(path, &program->head);
	char version[EMULATOR_VERSION_MAX], digest[DIGEST_TEXT];
	auto_err why = { 0 };
	struct elf_info info;
	int r;

	if (emulates && emulator_version(fd, emulates, version)) {
		program->emulates = emulates;
		if (!emulator_check(fd, &why) && entry->records.len &&
			memmem(entry->records.data, entry->records.len, capability, sizeof(capability) - 1))
			emulator_refuse_capabilities(&why);
		r = why.code ? layer_add_text(layer, why.message, strlen(why.message), &program->refused) : 0;
		r = r ? r : digest_file(fd, digest);
		if (!r)
			r = layer_add_text(layer, version, strlen(version), &program->version);
		return r ? r : layer_add_text(layer, digest, strlen(digest), &program->digest);
	}
	if (!elf_read(fd, &info, NULL))
		program->is_known = abi_platform(&info, &program->platform);
	return 0;
}

/*
 * Of all threads, only one has much of a program in memory. Of an emulator, whose version may be anywhere, everything
 * is read. If one has much more holes, which cost its author nothing, than data, or if data is in many parts, the
 * header counts.
 */
static int look_into(struct layer *layer, struct tar_reader *reader, const struct begun *begun,
	struct layer_program *program, struct err *e)
{
	static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;
	bool is_whole = content_maybe_emulator(begun->path, &program->head);
	bool is_sparse = reader->sparse.parts, is_hollow = tar_is_hollow(reader);
	bool is_large = program->size > LARGE && (is_whole || is_sparse || program->head.machine == EM_ARM);
	int r, fd;

	program->is_looked_into = true;
	if ((is_whole || is_sparse) && (is_hollow ? reader->left : program->size) > LAYER_CAPTURE_MAX)
		return 0;
	if (is_hollow && (is_whole || reader->sparse.n > PARTS_MAX))
		return 0;
	if (is_large)
		pthread_mutex_lock(&large);
	r = fd = capture(reader, begun, program, is_whole, e);
	if (fd >= 0) {
		r = examine(layer, program, &reader->entry, begun->path, fd);
		close(fd);
	}
	if (is_large)
		pthread_mutex_unlock(&large);
	return r;
}

static int add_file(struct reading *reading, struct tar_reader *reader, const char *path, struct err *e)
{
	struct layer *layer = reading->layer;
	struct layer_entry entry = { .kind = LAYER_FILE };
	struct layer_program program = { .size = reader->entry.size };
	struct begun begun = { .path = path };
	ssize_t n = tar_read(reader, begun.head, sizeof(begun.head), e);
	int r = (int)MIN_OF(n, 0);

	for (const char *const *p = content_release_files; !r && *p; p++) {
		struct content content = { 0 };
		auto_buf text = { 0 };
		char chunk[4096];
		ssize_t more = 1;

		if (strcmp(*p + 1, path) != 0)
			continue;
		buf_add(&text, begun.head, (size_t)n);
		while (text.len < RELEASE_MAX && (more = tar_read(reader, chunk, sizeof(chunk), e)) > 0)
			buf_add(&text, chunk, (size_t)more);
		r = (int)MIN_OF(more, 0);
		if (r)
			break;
		content_release(&content, buf_text(&text));
		memcpy(layer->system, content.system, sizeof(layer->system));
	}
	if (!r && elf_read_head(begun.head, (size_t)n, &program.head, NULL) == 1) {
		if (content_maybe_emulator(path, &program.head) || is_wanted(reading, &reader->entry, path))
			r = look_into(layer, reader, &begun, &program, e);
		if (!r)
			r = layer_add_detail(layer, &program, sizeof(program), &entry.more);
	}
	return r ? r : layer_add(layer, path, NULL, entry);
}

static int add_member(void *context, struct tar_reader *reader, struct err *e)
{
	struct reading *reading = context;
	struct layer *layer = reading->layer;
	const struct tar_entry *member = &reader->entry;
	char path[PATH_LIMIT], target[PATH_LIMIT];
	struct layer_entry entry = { .kind = LAYER_OTHER };
	const char *link = NULL;
	int r = 0;

	if (!tar_plain_name(member->path, path, sizeof(path)))
		return 0;
	if (str_starts(str_basename(path), LAYER_WHITEOUT_PREFIX)) {
		entry.kind = LAYER_WHITEOUT;
	} else if (member->type == TAR_FILE) {
		return add_file(reading, reader, path, e);
	} else if (member->type == TAR_DIRECTORY) {
		struct layer_directory directory = {
			.mode = member->mode, .uid = member->uid, .gid = member->gid, .mtime = member->mtime
		};

		entry.kind = LAYER_DIRECTORY;
		directory.records_len = (uint32_t)member->records.len; /* TAR_PAX_MAX bounds it */
		if (member->records.len)
			r = layer_add_text(layer, member->records.data, member->records.len, &directory.records);
		if (!r)
			r = layer_add_detail(layer, &directory, sizeof(directory), &entry.more);
	} else if (member->type == TAR_SYMLINK) {
		entry.kind = LAYER_SYMLINK;
		link = member->linkname;
	} else if (member->type == TAR_HARDLINK) {
		entry.kind = LAYER_HARDLINK;
		link = tar_plain_name(member->linkname, target, sizeof(target)) ? target : NULL;
	}
	return r ? r : layer_add(layer, path, link, entry);
}

static int read_members(const struct layer_walk *walk, struct source *source, struct err *e)
{
	struct tar_reader reader;
	int r;

	tar_init(&reader, source, true);
	while ((r = tar_next(&reader, e)) > 0) {
		r = walk->each(walk->context, &reader, e);
		if (r == -E2BIG && e && !e->code)
			err_set(e, r, "too many files in a layer");
		else if (r && e && !e->code)
			err_sys(e, r, "cannot look into it");
		if (r)
			break;
	}
	tar_done(&reader);
	return r;
}

int layer_walk(const struct layer_source *what, struct layer_walk *walk, struct err *e)
{
	const struct member *member = &what->member;
	bool is_packed = codec_at(member->fd, member->offset) != CODEC_NONE;
	struct digest_state *state = is_packed ? digest_begin() : NULL;
	struct source *source = source_range(member->fd, member->offset, member->size);
	char digest[DIGEST_TEXT], chunk[4096];
	ssize_t n = 0;
	int r;

	source = source_decode(state ? source_digested(source, state) : source, &walk->codec, e);
	r = source ? read_members(walk, source, e) : e && e->code ? e->code : -EBADMSG;
	/* To the end of the stream: padding after the tar, and the codec's checksum. */
	if (!r && state)
		while ((n = source_read(source, chunk, sizeof(chunk))) > 0)
			;
	if (n == -E2BIG)
		r = err_set(e, -E2BIG, "decompresses to more than %d times its size", SOURCE_RATIO_MAX);
	else if (n < 0)
		r = err_set(e, -EBADMSG, "truncated or corrupt");
	source_free(source);
	if (state)
		digest_end(state, digest);
	if (!r && state && *what->digest && strcmp(digest, what->digest))
		r = err_set(e, -EBADMSG, "its content does not have the digest that is its name");
	return r;
}

int layer_read(const struct layer_source *source, struct layer *ret, struct err *e)
{
	struct layer layer = { 0 };
	struct reading reading = { .source = source, .layer = &layer };
	struct layer_walk walk = { .each = add_member, .context = &reading };
	int r = layer_walk(source, &walk, e);

	if (r) {
		layer_done(&layer);
		return r;
	}
	layer.codec = walk.codec;
	layer_fit(&layer);
	*ret = layer;
	return 0;
}

static int look_at_member(void *context, struct tar_reader *reader, struct err *e)
{
	struct layer *layer = context;
	const struct layer_entry *entry;
	struct layer_program program;
	char path[PATH_LIMIT];
	struct begun begun = { .path = path };
	ssize_t n;
	int r;

	if (reader->entry.type != TAR_FILE || !tar_plain_name(reader->entry.path, path, sizeof(path)))
		return 0;
	entry = layer_find(layer, path, strlen(path));
	if (!entry || !layer_program(layer, entry))
		return 0;
	program = *layer_program(layer, entry);
	if (!program.is_wanted || program.is_looked_into)
		return 0;
	n = tar_read(reader, begun.head, sizeof(begun.head), e);
	r = n < 0 ? (int)n : look_into(layer, reader, &begun, &program, e);
	layer_set_program(layer, entry, &program);
	return r;
}

int layer_look_again(const struct layer_source *source, struct layer *layer, struct err *e)
{
	struct layer_walk walk = { .each = look_at_member, .context = layer };

	return layer_walk(source, &walk, e);
}

/* Context of the threads. */
struct batch {
	const struct layer_source *sources;
	struct layer *layers;
};

static void read_one(size_t i, unsigned worker, void *context)
{
	struct batch *batch = context;
	struct err e = { 0 };

	(void)worker;
	if (layer_read(&batch->sources[i], &batch->layers[i], &e))
		batch->layers[i] = (struct layer){ .err = e, .has_failed = true };
	else
		err_done(&e);
}

void layer_read_all(const struct layer_source *sources, struct layer *layers, size_t n)
{
	struct batch batch = { .sources = sources, .layers = layers };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct crew crew = { .n = n, .work = read_one, .context = &batch };
	uint64_t total = 0;

	/* Each thread needs memory; for small layers, one is as fast. */
	for (size_t i = 0; i < n; i++)
		total += sources[i].member.size;
	layer_allow(total);
	crew.jobs =
		(unsigned)MIN_OF(MIN_OF((uint64_t)(cores < 1 ? 1 : cores), (uint64_t)THREADS_MAX), 1 + total / SMALL);
	progress_begin("reading", total);
	crew_run(&crew);
	progress_end();
}
