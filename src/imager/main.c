// SPDX-License-Identifier: MIT
/*
 * Makes the image for one-shot containers, without any container tool: one archive that is both an OCI archive and what
 * docker load takes. The same files give the same bytes.
 *
 * usage: anyarch-imager OUT VERSION ANYARCH EMULATOR...      (times: SOURCE_DATE_EPOCH, else 1970)
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "arch/arch.h"
#include "arch/elf.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/str.h"
#include "emulator/emulator.h"
#include "image/tar_write.h"

enum { LAYERS = 2, MEMBERS = LAYERS + 2 };

#define NAME "anyarch"

/* A member of blobs/sha256, whole in a file. */
struct blob {
	int fd;
	uint64_t size;
	char digest[DIGEST_TEXT];
};

static int64_t epoch;

static _Noreturn void die(const char *what, int code)
{
	fprintf(stderr, "anyarch-imager: %s: %s\n", what, strerror(-code));
	exit(1);
}

static void add(int to, const void *data, size_t len)
{
	int r = fd_write(to, data, len);

	if (r)
		die("writing", r);
}

static void add_directory(int to, const char *path)
{
	struct tar_entry entry = {
		.path = (char *)(uintptr_t)path, .type = TAR_DIRECTORY, .mode = 0755, .mtime = epoch
	};
	auto_buf header = { 0 };

	tar_write_header(&header, &entry);
	add(to, header.data, header.len);
}

static void add_file(int to, const char *path, unsigned mode, int from, uint64_t size)
{
	struct tar_entry entry = {
		.path = (char *)(uintptr_t)path, .type = TAR_FILE, .mode = mode, .size = size, .mtime = epoch
	};
	int r = tar_write_range(to, &entry, from, 0);

	if (r)
		die(path, r);
}

static void add_end(int to)
{
	int r = tar_write_end(to);

	if (r)
		die("writing", r);
}

static struct blob new_blob(void)
{
	struct blob blob = { .fd = memfd_create("blob", MFD_CLOEXEC) };

	if (blob.fd < 0)
		die("memfd_create", -errno);
	return blob;
}

static void finish_blob(struct blob *blob)
{
	struct stat st;
	int r = digest_file(blob->fd, blob->digest);

	if (r || fstat(blob->fd, &st) < 0)
		die("digest", r ? r : -errno);
	blob->size = (uint64_t)st.st_size;
}

/* One of several emulators, or the program itself: all for the same machine, static, whole. */
static int open_program(const char *path, const struct arch **arch)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_info info;
	auto_err e = { 0 };

	if (fd < 0)
		die(path, -errno);
	if (elf_read(fd, &info, &e) || info.has_interpreter || info.is_truncated ||
		(*arch && elf_arch(&info.head) != *arch))
		die(path, -ENOEXEC);
	*arch = elf_arch(&info.head);
	return fd;
}

static struct blob make_layer(char **paths, size_t n, const char *name, const struct arch **arch)
{
	struct blob blob = new_blob();

	add_directory(blob.fd, "usr/");
	add_directory(blob.fd, "usr/bin/");
	for (size_t i = 0; i < n; i++) {
		auto_fd fd = open_program(paths[i], arch);
		char path[300];
		struct stat st;

		if (fstat(fd, &st) < 0)
			die(paths[i], -errno);
		snprintf(path, sizeof(path), "usr/bin/%s", name ? name : str_basename(paths[i]));
		add_file(blob.fd, path, 0755, fd, (uint64_t)st.st_size);
	}
	add_end(blob.fd);
	finish_blob(&blob);
	return blob;
}

static struct blob make_document(const struct buf *text)
{
	struct blob blob = new_blob();

	if (!buf_ok(text))
		die("document", -ENOMEM);
	add(blob.fd, text->data, text->len);
	finish_blob(&blob);
	return blob;
}

static struct blob make_config(const struct blob layers[LAYERS], const char *version, const struct arch *arch)
{
	time_t seconds = (time_t)epoch;
	auto_buf text = { 0 };
	char created[32];
	struct tm tm;

	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	buf_addf(&text, "{\"created\":\"%s\",\"architecture\":\"%s\",\"os\":\"linux\",", created, arch->oci);
	buf_adds(&text, "\"config\":{\"Env\":[\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"],"
			"\"Entrypoint\":[\"/usr/bin/anyarch\",\"oneshot\"],\"Labels\":{"
			"\"org.opencontainers.image.title\":\"anyarch\","
			"\"org.opencontainers.image.description\":\"handlers for programs of other architectures\","
			"\"org.opencontainers.image.licenses\":\"MIT AND GPL-2.0-or-later\",");
	buf_addf(&text, "\"org.opencontainers.image.version\":\"%s\"}},", version);
	buf_addf(&text,
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\",\"%s\"]},\"history\":["
		"{\"created\":\"%s\",\"created_by\":\"anyarch-imager: emulators\"},"
		"{\"created\":\"%s\",\"created_by\":\"anyarch-imager: anyarch %s\"}]}",
		layers[0].digest, layers[1].digest, created, created, version);
	return make_document(&text);
}

static void descriptor(struct buf *out, const char *type, const struct blob *blob)
{
	buf_addf(out, "{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":\"%s\",\"size\":%llu", type,
		blob->digest, (unsigned long long)blob->size);
}

static struct blob make_manifest(const struct blob *config, const struct blob layers[LAYERS])
{
	auto_buf text = { 0 };

	buf_adds(
		&text, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":");
	descriptor(&text, "config.v1+json", config);
	buf_adds(&text, "},\"layers\":[");
	for (size_t i = 0; i < LAYERS; i++) {
		descriptor(&text, "layer.v1.tar", &layers[i]);
		buf_adds(&text, i + 1 < LAYERS ? "}," : "}");
	}
	buf_adds(&text, "]}");
	return make_document(&text);
}

static void add_text(int to, const char *name, const struct buf *text)
{
	struct blob blob = make_document(text);

	add_file(to, name, 0644, blob.fd, blob.size);
	close(blob.fd);
}

static void add_index(int to, const struct blob *manifest, const struct arch *arch)
{
	auto_buf text = { 0 };

	buf_adds(&text,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[");
	descriptor(&text, "manifest.v1+json", manifest);
	buf_addf(&text,
		",\"platform\":{\"architecture\":\"%s\",\"os\":\"linux\"},\"annotations\":{"
		"\"io.containerd.image.name\":\"docker.io/library/" NAME ":latest\","
		"\"org.opencontainers.image.ref.name\":\"latest\"}}]}",
		arch->oci);
	add_text(to, "index.json", &text);
}

static void add_docker(int to, const struct blob *config, const struct blob layers[LAYERS])
{
	auto_buf text = { 0 };

	buf_addf(&text,
		"[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"" NAME ":latest\"],\"Layers\":["
		"\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}]",
		config->digest + 7, layers[0].digest + 7, layers[1].digest + 7);
	add_text(to, "manifest.json", &text);
}

static int by_digest(const void *a, const void *b)
{
	return strcmp(((const struct blob *)a)->digest, ((const struct blob *)b)->digest);
}

static void write_archive(int to, const struct blob members[MEMBERS], const struct arch *arch)
{
	struct blob sorted[MEMBERS];
	auto_buf layout = { 0 };
	char name[100];

	memcpy(sorted, members, sizeof(sorted));
	qsort(sorted, MEMBERS, sizeof(*sorted), by_digest);
	for (size_t i = 0; i < MEMBERS; i++) {
		snprintf(name, sizeof(name), "blobs/sha256/%s", sorted[i].digest + 7);
		add_file(to, name, 0644, sorted[i].fd, sorted[i].size);
	}
	add_index(to, &members[LAYERS + 1], arch);
	add_docker(to, &members[LAYERS], members);
	buf_adds(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	add_text(to, "oci-layout", &layout);
	add_end(to);
}

int main(int argc, char **argv)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	struct blob members[MEMBERS];
	const struct arch *arch = NULL;
	unsigned long seconds = 0;
	int fd;

	if (argc < 5 || strpbrk(argv[2], "\"\\") || (text && str_to_uint(text, INT32_MAX, &seconds))) {
		fprintf(stderr, "usage: anyarch-imager OUT VERSION ANYARCH EMULATOR...\n");
		return 2;
	}
	epoch = (int64_t)seconds;
	members[1] = make_layer(argv + 3, 1, "anyarch", &arch);
	members[0] = make_layer(argv + 4, (size_t)argc - 4, NULL, &arch);
	members[LAYERS] = make_config(members, argv[2], arch);
	members[LAYERS + 1] = make_manifest(&members[LAYERS], members);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		die(argv[1], -errno);
	write_archive(fd, members, arch);
	return close(fd) < 0 ? 1 : 0;
}
