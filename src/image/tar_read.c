// SPDX-License-Identifier: MIT
/* Reads a tar stream: ustar (POSIX.1-1988), PAX (POSIX.1-2001), GNU long names and numbers. */
#include "image/tar_read.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/tar_header.h"

/* PAX records that override a header. The key of a time has a fraction. */
enum number { SIZE, UID, GID, MTIME, REAL_SIZE, SPARSE_MAJOR, NUMBERS };
static const char *const number_keys[NUMBERS] = { "size", "uid", "gid", "mtime", "GNU.sparse.realsize",
	"GNU.sparse.major" };
enum text { PATH, LINK, SPARSE_NAME, TEXTS };
static const char *const text_keys[TEXTS] = { "path", "linkpath", "GNU.sparse.name" };

/* Values of extension headers for the following member. */
struct overrides {
	bool is_begun; /* an extension header was read: a member must follow */
	bool is_sparse;
	bool has[NUMBERS];
	int64_t numbers[NUMBERS];
	char *texts[TEXTS]; /* NULL: none */
	struct buf records;
};

static void entry_done(struct tar_entry *entry)
{
	free(entry->path);
	free(entry->linkname);
	buf_done(&entry->records);
	*entry = (struct tar_entry){ 0 };
}

void tar_init(struct tar_reader *reader, struct source *source, bool is_layer)
{
	*reader = (struct tar_reader){ .source = source, .is_layer = is_layer };
}

void tar_done(struct tar_reader *reader)
{
	entry_done(&reader->entry);
	sparse_done(&reader->sparse);
}

bool tar_plain_name(const char *path, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !memcmp(p, "..", 2))
			return false;
		if (len && !(len == 1 && *p == '.')) {
			if (n + len + 2 > size)
				return false;
			if (n)
				out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
	}
	out[n] = '\0';
	return true;
}

static int malformed(const char *what, struct err *e)
{
	return err_set(e, -EBADMSG, "malformed tar: %s", what);
}

/* Sets the error for a code of the source. */
static int broken(int code, struct err *e)
{
	if (code == -EBADMSG)
		return err_set(e, code, "truncated or corrupt");
	if (code == -E2BIG)
		return err_set(e, code, "decompresses to more than %d times its size", SOURCE_RATIO_MAX);
	return err_sys(e, code, "cannot read it");
}

static bool checksum_fits(const uint8_t *block)
{
	int64_t sum = 0, want;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM + TAR_CHECKSUM_LEN ? ' ' : block[i];
	return tar_octal(block + TAR_CHECKSUM, TAR_CHECKSUM_LEN, &want) && want == sum;
}

static bool is_zero(const uint8_t *block)
{
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

static int set_text(char **target, const char *text, size_t len, struct err *e)
{
	if (memchr(text, '\0', len))
		return malformed("a name that contains a NUL", e);
	free(*target);
	*target = NULL;
	if (!len)
		return 0; /* POSIX pax: an empty value cancels the record */
	*target = mem_part(text, len);
	return 0;
}

/* "KEY=VALUE" of a PAX header; neither is NUL-terminated. */
struct record {
	const char *key, *value;
	size_t key_len, len;
};

static bool is_key(const struct record *record, const char *key)
{
	return record->key_len == strlen(key) && !memcmp(record->key, key, record->key_len);
}

static bool has_prefix(const struct record *record, const char *prefix)
{
	return record->key_len > strlen(prefix) && !memcmp(record->key, prefix, strlen(prefix));
}

static int pax_record(struct overrides *o, const struct record *record, struct err *e)
{
	auto_free char *text = NULL;
	int64_t *number;
	size_t i = 0;

	o->is_sparse |= has_prefix(record, "GNU.sparse.");
	for (size_t k = 0; k < TEXTS; k++)
		if (is_key(record, text_keys[k]))
			return set_text(&o->texts[k], record->value, record->len, e);
	while (i < NUMBERS && !is_key(record, number_keys[i]))
		i++;
	if (i == NUMBERS || !record->len)
		return 0; /* POSIX pax: an empty value cancels the record */
	number = &o->numbers[i];
	text = mem_part(record->value, record->len);
	if (!(i == MTIME ? tar_time : tar_decimal)(text, number) || ((i == SIZE || i == REAL_SIZE) && *number < 0))
		return malformed(i == SIZE ? "a bad size in a PAX header" : "a bad number in a PAX header", e);
	o->has[i] = true;
	return 0;
}

/* Internal attributes of storage drivers: copied to another layer, they could hide lower files or change owners. */
static const char *const driver_records[] = { "SCHILY.xattr.trusted.overlay.", "SCHILY.xattr.user.overlay.",
	"SCHILY.xattr.user.fuseoverlayfs.", "SCHILY.xattr.trusted.fuseoverlayfs.",
	"SCHILY.xattr.security.fuseoverlayfs.", "SCHILY.xattr.user.containers." };

/* Records that a directory would lose if a layer repeated its entry without them. */
static bool is_kept(const struct record *record)
{
	if (!has_prefix(record, "SCHILY.xattr."))
		return is_key(record, "mtime") && memchr(record->value, '.', record->len);
	for (size_t i = 0; i < ARRAY_SIZE(driver_records); i++)
		if (has_prefix(record, driver_records[i]))
			return false;
	return true;
}

/* Parses records "LENGTH KEY=VALUE\n"; LENGTH includes its own digits. */
static int parse_pax(struct overrides *o, const char *text, size_t total, struct err *e)
{
	for (size_t at = 0; at < total;) {
		const char *line = text + at, *space = memchr(line, ' ', MIN_OF(total - at, 21)), *equals;
		struct record record = { 0 };
		unsigned long len;
		char digits[24] = "";
		int r;

		if (space)
			memcpy(digits, line, (size_t)(space - line));
		if (!space || str_to_uint(digits, total - at, &len) || len < (size_t)(space - line) + 3 ||
			line[len - 1] != '\n')
			return malformed("a bad PAX record", e);
		equals = memchr(space + 1, '=', len - (size_t)(space + 1 - line) - 1);
		if (!equals)
			return malformed("a PAX record without '='", e);
		record.key = space + 1;
		record.key_len = (size_t)(equals - record.key);
		record.value = equals + 1;
		record.len = len - 2 - (size_t)(equals - line);
		r = pax_record(o, &record, e);
		if (r)
			return r;
		if (is_kept(&record))
			buf_add(&o->records, line, len);
		if (o->records.len > TAR_PAX_MAX)
			return err_set(
				e, -E2BIG, "a member with more than %d bytes of PAX records in a tar", TAR_PAX_MAX);
		at += len;
	}
	return 0;
}

/* x: for the next member; g: for all members, ignored as by all readers of images; L, K: GNU names. */
static int read_extension(struct tar_reader *r, char type, uint64_t size, struct overrides *o, struct err *e)
{
	bool is_name = type == 'L' || type == 'K';
	auto_buf text = { 0 };
	char chunk[4096];
	int code;

	if (size > (is_name ? TAR_NAME_MAX : TAR_PAX_MAX))
		return err_set(e, -E2BIG, "a name or extension of %llu bytes in a tar", (unsigned long long)size);
	for (uint64_t left = size; left;) {
		ssize_t n = source_read(r->source, chunk, (size_t)MIN_OF(left, sizeof(chunk)));

		if (n <= 0)
			return broken(n ? (int)n : -EBADMSG, e);
		buf_add(&text, chunk, (size_t)n);
		left -= (uint64_t)n;
	}
	code = source_skip(r->source, tar_padding(size));
	if (code)
		return broken(code, e);
	if (type == 'g')
		return 0;
	if (type == 'x')
		return parse_pax(o, buf_text(&text), text.len, e);
	return set_text(&o->texts[type == 'L' ? PATH : LINK], buf_text(&text), strnlen(buf_text(&text), text.len), e);
}

static char *field_text(const uint8_t *field, size_t len)
{
	return mem_part((const char *)field, strnlen((const char *)field, len));
}

static int begin_sparse(struct tar_reader *r, const struct overrides *o, struct err *e)
{
	int code;

	if (!r->is_layer || o->numbers[SPARSE_MAJOR] != 1 || !o->has[REAL_SIZE])
		return malformed("a sparse file", e);
	code = sparse_read_map(&r->sparse, (uint64_t)o->numbers[REAL_SIZE], r->source, &r->left);
	r->entry.size = (uint64_t)o->numbers[REAL_SIZE];
	return code == -EBADMSG ? malformed("a sparse file with a map that does not fit", e)
	       : code		? broken(code, e)
				: 0;
}

static int fill_entry(struct tar_reader *r, const uint8_t *block, struct overrides *o, struct err *e)
{
	struct tar_entry *entry = &r->entry;
	int64_t mode, mtime, uid, gid, size;
	char type = (char)block[TAR_TYPE];

	if (!tar_octal(block + TAR_MODE, TAR_ID_LEN, &mode) || !tar_octal(block + TAR_UID, TAR_ID_LEN, &uid) ||
		!tar_octal(block + TAR_GID, TAR_ID_LEN, &gid) || !tar_octal(block + TAR_SIZE, TAR_SIZE_LEN, &size) ||
		size < 0)
		return malformed("a bad number in a header", e);
	if (!tar_octal(block + TAR_MTIME, TAR_SIZE_LEN, &mtime) || mtime < 0)
		mtime = 0; /* before 1970 (GNU base-256) */
	entry->mode = (unsigned)mode & 07777;
	entry->mtime = o->has[MTIME] ? o->numbers[MTIME] : mtime;
	entry->size = (uint64_t)(o->has[SIZE] ? o->numbers[SIZE] : size);
	entry->uid = (uint64_t)(o->has[UID] ? o->numbers[UID] : uid);
	entry->gid = (uint64_t)(o->has[GID] ? o->numbers[GID] : gid);
	if (o->texts[SPARSE_NAME])
		entry->path = take_ptr(&o->texts[SPARSE_NAME]);
	else if (o->texts[PATH])
		entry->path = take_ptr(&o->texts[PATH]);
	else if (!memcmp(block + TAR_MAGIC, "ustar", 6) && block[TAR_PREFIX])
		entry->path = mem_print("%.*s/%.*s", TAR_PREFIX_LEN, (const char *)block + TAR_PREFIX, TAR_NAME_LEN,
			(const char *)block + TAR_NAME);
	else
		entry->path = field_text(block + TAR_NAME, TAR_NAME_LEN);
	entry->linkname = o->texts[LINK] ? take_ptr(&o->texts[LINK]) : field_text(block + TAR_LINK, TAR_LINK_LEN);
	entry->records = o->records;
	o->records = (struct buf){ 0 };
	/*
	 * '\0' is a pre-POSIX file, '7' a contiguous one. Only an empty '\0' whose name ends in a slash is a directory:
	 * a '0' has content whatever its name, and parsing that as headers would find other members than engines
	 * unpack.
	 */
	if (type == '\0' && str_ends(entry->path, "/") && !entry->size)
		type = TAR_DIRECTORY;
	if (type == '\0' || type == '7')
		type = TAR_FILE;
	if (type < TAR_FILE || type > TAR_FIFO)
		return malformed(type == 'S' ? "a sparse file" : "an unknown type of member", e);
	entry->type = (enum tar_type)type;
	if (entry->type != TAR_FILE)
		entry->size = 0; /* other types have no content, regardless of the size field */
	if (entry->size > INT64_MAX - TAR_BLOCK)
		return malformed("an impossible size", e);
	r->left = entry->size;
	r->padding = tar_padding(entry->size);
	entry->offset = source_position(r->source);
	return o->is_sparse && entry->type == TAR_FILE ? begin_sparse(r, o, e) : 0;
}

static int read_block(struct tar_reader *r, uint8_t *block, bool may_end, struct err *e)
{
	ssize_t n = source_read(r->source, block, TAR_BLOCK);

	if (n == TAR_BLOCK)
		return 1;
	if (!n && may_end)
		return 0;
	return broken(n < 0 ? (int)n : -EBADMSG, e);
}

static int next_member(struct tar_reader *r, struct overrides *o, struct err *e)
{
	for (;;) {
		uint8_t block[TAR_BLOCK];
		int64_t size;
		int code = read_block(r, block, r->is_layer && !o->is_begun, e);

		if (code <= 0) {
			r->is_done = !code;
			return code;
		}
		if (is_zero(block)) {
			r->is_done = true;
			code = read_block(r, block, true, e);
			return code > 0 && !is_zero(block) ? malformed("a member after its end", e) : MIN_OF(code, 0);
		}
		if (!checksum_fits(block))
			return malformed("a wrong header checksum", e);
		if (++r->members > TAR_MEMBERS_MAX)
			return err_set(e, -E2BIG, "more than %d members in a tar", TAR_MEMBERS_MAX);
		if (!strchr("xgLK", block[TAR_TYPE]) || !block[TAR_TYPE]) {
			code = fill_entry(r, block, o, e);
			return code ? code : 1;
		}
		if (!tar_octal(block + TAR_SIZE, TAR_SIZE_LEN, &size) || size < 0)
			return malformed("a bad number in a header", e);
		o->is_begun = true;
		code = read_extension(r, (char)block[TAR_TYPE], (uint64_t)size, o, e);
		if (code)
			return code;
	}
}

int tar_next(struct tar_reader *reader, struct err *e)
{
	struct overrides overrides = { 0 };
	uint8_t padding[TAR_BLOCK];
	int code;

	if (reader->is_done)
		return 0;
	/* Skip unread content and padding of the current member; a layer's may be missing, but not truncated. */
	code = source_skip(reader->source, reader->left + (reader->is_layer ? 0 : reader->padding));
	if (!code && reader->is_layer) {
		ssize_t n = source_read(reader->source, padding, (size_t)reader->padding);

		code = n > 0 && (uint64_t)n < reader->padding ? -EBADMSG : (int)MIN_OF(n, 0);
	}
	if (code)
		return broken(code, e);
	entry_done(&reader->entry);
	sparse_done(&reader->sparse);
	reader->left = reader->padding = 0;
	reader->end = source_position(reader->source);
	code = next_member(reader, &overrides, e);
	reader->entry.start = reader->end;
	for (size_t i = 0; i < TEXTS; i++)
		free(overrides.texts[i]);
	buf_done(&overrides.records);
	return code;
}

int tar_skip(struct tar_reader *reader, uint64_t len, struct err *e)
{
	int r = source_skip(reader->source, len);

	reader->left -= len;
	return r ? broken(r, e) : 0;
}

bool tar_is_hollow(const struct tar_reader *reader)
{
	const struct sparse *sparse = &reader->sparse;

	return sparse->parts && sparse->size - sparse->position > 2 * reader->left;
}

ssize_t tar_read(struct tar_reader *reader, void *data, size_t len, struct err *e)
{
	size_t want = (size_t)MIN_OF((uint64_t)len, reader->left);
	ssize_t n = 0;

	if (reader->sparse.parts) {
		n = sparse_read(&reader->sparse, reader->source, &reader->left, data, len);
		return n < 0 ? broken((int)n, e) : n;
	}
	if (want)
		n = source_read(reader->source, data, want);
	if (n < 0 || (size_t)n < want)
		return broken(n < 0 ? (int)n : -EBADMSG, e);
	reader->left -= (uint64_t)n;
	return n;
}
