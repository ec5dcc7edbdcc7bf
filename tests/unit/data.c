// SPDX-License-Identifier: MIT
/* Fixtures: tables of tab-separated text, and whole files. */
#include "data.h"

#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "check.h"

const char *data_dir(void)
{
	const char *dir = getenv("TEST_DATA");

	if (!dir)
		fail_msg("TEST_DATA must name the directory of the fixtures");
	return dir;
}

static struct buf path_of(const char *name)
{
	struct buf path = { 0 };

	buf_addf(&path, "%s/%s", data_dir(), name);
	return path;
}

struct data data_open(const char *name, size_t n_fields)
{
	auto_buf path = path_of(name);
	struct data data = { .n_fields = n_fields, .file = fopen(buf_text(&path), "re") };

	if (!data.file)
		fail_msg("no fixture %s", name);
	return data;
}

static void split(struct data *data)
{
	char *rest = data->line;

	for (size_t i = 0; i < data->n_fields; i++) {
		data->field[i] = strsep(&rest, "\t");
		if (!data->field[i])
			fail_msg("too few fields before '%s'", data->field[0]);
	}
	if (rest)
		fail_msg("too many fields after '%s'", data->field[0]);
}

bool data_next(struct data *data)
{
	ssize_t n;

	do
		n = getline(&data->line, &data->cap, data->file);
	while (n > 0 && data->line[0] == '#');
	if (n <= 0) {
		free(data->line);
		fclose(data->file);
		*data = (struct data){ 0 };
		return false;
	}
	if (data->line[n - 1] == '\n')
		data->line[n - 1] = '\0';
	split(data);
	return true;
}

struct buf data_file(const char *name)
{
	auto_buf path = path_of(name);
	auto_fd fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
	struct buf content = { 0 };

	if (fd < 0 || fd_read_all(fd, 1 << 20, &content))
		fail_msg("no fixture %s", name);
	return content;
}
