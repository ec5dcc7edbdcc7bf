// SPDX-License-Identifier: MIT
/* Surveys a root file system: platform, distribution, emulators, programs. */
#include "rootfs/survey.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/stop.h"
#include "rootfs/beneath.h"

enum { RELEASE_MAX = 64 * 1024, OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY };

enum { VISITED_MAX = 16 };

struct survey {
	struct content *content;
	struct stat visited[VISITED_MAX]; /* key directories: /bin is often a symlink to /usr/bin */
	size_t n_visited;
	struct buf path; /* of the directory being walked */
	unsigned long skipped;
	bool is_deep;
};

/* Classifies one file by its ELF header; files other than ELF are ignored. */
static void add_file(struct survey *s, int dir, const char *name)
{
	auto_fd fd = openat(dir, name, OPEN_FLAGS | O_NOFOLLOW | O_CLOEXEC);
	size_t before = s->path.len;
	struct content_emulator emulator = { 0 };
	auto_err why = { 0 };
	char empty[] = "";
	uint8_t bytes[ELF_HEAD];
	struct elf_head head;
	ssize_t n;

	n = fd < 0 ? -errno : pread(fd, bytes, sizeof(bytes), 0);
	if (n < 0) {
		s->skipped++;
		return;
	}
	if (elf_read_head(bytes, (size_t)n, &head, NULL) != 1)
		return;
	buf_addf(&s->path, "/%s", name);
	emulator.path = s->path.data;
	emulator.arch = content_maybe_emulator(s->path.data, &head);
	if (emulator.arch && emulator_version(fd, emulator.arch, emulator.version)) {
		emulator.host = elf_arch(&head);
		emulator.refused = emulator_check(fd, &why) ? why.message : empty;
		content_emulator(s->content, &emulator);
	} else {
		content_file(s->content, &head, s->path.data);
	}
	s->path.len = before;
	s->path.data[before] = '\0';
}

/* Takes ownership of fd. */
static void walk(struct survey *s, int fd, unsigned depth)
{
	auto_dir dir = fd_list(fd);
	size_t before = s->path.len;
	const struct dirent *entry;

	s->skipped += !dir;
	while (dir && !stop_signal() && (entry = fd_next(dir))) {
		unsigned char type = entry->d_type;
		auto_fd below = -1;
		struct stat st;

		if (type == DT_UNKNOWN && !fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			type = S_ISREG(st.st_mode) ? DT_REG : S_ISDIR(st.st_mode) ? DT_DIR : DT_UNKNOWN;
		if (type == DT_REG)
			add_file(s, fd, entry->d_name);
		if (type != DT_DIR || !s->is_deep)
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (below < 0 || depth == SURVEY_DEPTH_MAX) {
			s->skipped++;
			continue;
		}
		buf_addf(&s->path, "/%s", entry->d_name);
		walk(s, take_fd(&below), depth + 1);
		s->path.len = before;
		if (s->path.data)
			s->path.data[before] = '\0';
	}
}

/* Walks a directory, once: others may be links to it. */
static void walk_path(struct survey *s, int root, const char *path)
{
	auto_fd fd = beneath_open(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	for (size_t i = 0; i < s->n_visited; i++)
		if (s->visited[i].st_dev == st.st_dev && s->visited[i].st_ino == st.st_ino)
			return;
	if (s->n_visited < VISITED_MAX)
		s->visited[s->n_visited++] = st;
	s->path.len = 0;
	buf_adds(&s->path, strcmp(path, "/") ? path : "");
	walk(s, take_fd(&fd), 0);
}

int survey_root(int root, bool count_all, struct content *ret, unsigned long *ret_skipped, struct err *e)
{
	struct survey s = { .content = ret, .is_deep = count_all };

	*ret = (struct content){ 0 };
	for (const char *const *p = content_key_files; *p; p++) {
		const char *path = *p;
		auto_fd fd = fd_reopen_regular(beneath_open(root, path, O_PATH));
		struct elf_info info;

		if (fd >= 0 && !elf_read(fd, &info, NULL))
			content_key(s.content, &info, path);
	}
	for (const char *const *p = content_release_files; *p && !*ret->system; p++) {
		auto_fd fd = fd_reopen_regular(beneath_open(root, *p, O_PATH));
		auto_buf text = { 0 };

		if (fd >= 0 && !fd_read_all(fd, RELEASE_MAX, &text))
			content_release(ret, buf_text(&text));
	}
	if (count_all)
		walk_path(&s, root, "/");
	for (const char *const *p = content_key_dirs; !count_all && *p; p++)
		walk_path(&s, root, *p);
	buf_done(&s.path);
	content_judge(ret);
	*ret_skipped = s.skipped;
	return stop_check(e);
}
