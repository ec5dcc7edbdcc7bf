// SPDX-License-Identifier: MIT
/* Rows of facts as a table in lsblk's style or as JSON; the only file that uses libsmartcols. */
#include <libsmartcols.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/cli.h"

struct grid grid_new(const struct column *columns)
{
	struct grid grid = { .columns = columns };

	while (columns[grid.n_columns].name)
		grid.n_columns++;
	return grid;
}

void grid_row(struct grid *grid, const char *const *cells)
{
	grid->cells = mem_more(grid->cells, grid->n_rows, grid->n_columns * sizeof(*grid->cells));
	for (size_t i = 0; i < grid->n_columns; i++) {
		auto_buf safe = { 0 };

		if (cells[i])
			str_escape(&safe, cells[i], strlen(cells[i]));
		grid->cells[grid->n_rows * grid->n_columns + i] = safe.len ? mem_text(buf_text(&safe)) : NULL;
	}
	grid->n_rows++;
}

void grid_done(struct grid *grid)
{
	mem_free_texts(grid->cells, grid->n_rows * grid->n_columns);
	*grid = (struct grid){ 0 };
}

/* Selects the indexes of the columns to show, in order. */
static int choose_columns(
	const struct column *columns, const char *list, size_t chosen[GRID_COLUMNS_MAX], size_t *ret_n, struct err *e)
{
	const char *item;
	size_t len, n = 0;

	for (size_t i = 0; !list && columns[i].name; i++)
		if (!columns[i].is_extra)
			chosen[n++] = i;
	while (list && str_next_item(&list, &item, &len)) {
		size_t found = 0;

		while (columns[found].name &&
			(strlen(columns[found].name) != len || strncasecmp(columns[found].name, item, len)))
			found++;
		if (!columns[found].name || n == GRID_COLUMNS_MAX) {
			auto_buf names = { 0 };

			for (size_t i = 0; columns[i].name; i++)
				buf_addf(&names, "%s%s", i ? "," : "", columns[i].name);
			err_set(e, -EINVAL, "unknown column '%.*s'", (int)len, item);
			return err_hint(e, "columns: %s", buf_text(&names));
		}
		chosen[n++] = found;
	}
	*ret_n = n;
	return 0;
}

int grid_check(const struct column *columns, const char *list, struct err *e)
{
	size_t chosen[GRID_COLUMNS_MAX], n;

	return choose_columns(columns, list, chosen, &n, e);
}

/* Colors for states, on terminals without NO_COLOR. */
static const char *color_of(const char *cell)
{
	static const struct {
		const char *word, *color;
	} colors[] = {
		{ "broken", "red" },
		{ "failed", "red" },
		{ "refused", "red" },
		{ "shadowed", "yellow" },
		{ "disabled", "yellow" },
		{ "missing", "yellow" },
		{ "native", "green" },
		{ "emulated", "green" },
		{ "registered", "green" },
		{ "replaced", "green" },
		{ "unchanged", "green" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colors); i++)
		if (!strcmp(colors[i].word, cell))
			return colors[i].color;
	return NULL;
}

int grid_print(const struct grid *grid, const struct table_view *view, struct err *e)
{
	size_t chosen[GRID_COLUMNS_MAX], n = 0;
	struct libscols_table *table;
	int r = choose_columns(grid->columns, view->columns, chosen, &n, e);

	if (r)
		return r;
	/* libsmartcols fails only for lack of memory, and does not report every failed allocation: check errno, too. */
	errno = 0;
	table = scols_new_table();
	if (!table)
		mem_exhausted();
	scols_table_enable_noheadings(table, view->no_headings);
	scols_table_enable_colors(table, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	scols_table_enable_nowrap(table, 1);
	for (size_t k = 0; k < n; k++)
		if (!scols_table_new_column(table, grid->columns[chosen[k]].name, 0, 0))
			mem_exhausted();
	for (size_t i = 0; i < grid->n_rows; i++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		for (size_t k = 0; k < n; k++) {
			const char *cell = grid->cells[i * grid->n_columns + chosen[k]];
			const char *color = cell ? color_of(cell) : NULL;

			if (!line || scols_line_set_data(line, k, cell ? cell : "-") ||
				(color && scols_cell_set_color(scols_line_get_cell(line, k), color)))
				mem_exhausted();
		}
	}
	if (grid->n_rows)
		r = scols_print_table(table);
	if (r == -ENOMEM || errno == ENOMEM)
		mem_exhausted();
	scols_unref_table(table);
	return r ? err_sys(e, -EIO, "cannot print the table") : 0;
}

struct json *grid_json(const struct grid *grid, const char *list)
{
	size_t chosen[GRID_COLUMNS_MAX], n = grid->n_columns;
	struct json *rows = jv_array();

	for (size_t k = 0; k < n; k++)
		chosen[k] = k;
	if (list)
		choose_columns(grid->columns, list, chosen, &n, NULL);
	for (size_t i = 0; i < grid->n_rows; i++) {
		struct json *row = jv_object();

		for (size_t k = 0; k < n; k++) {
			const struct column *column = &grid->columns[chosen[k]];
			const char *cell = grid->cells[i * grid->n_columns + chosen[k]];
			bool is_bool = cell && column->type == COLUMN_BOOL;

			jv_set(row, column->key, is_bool ? jv_bool(!strcmp(cell, "yes")) : jv_text(cell));
		}
		jv_push(rows, row);
	}
	return rows;
}
