// SPDX-License-Identifier: MIT
/* Headers of a tar stream: ustar (POSIX.1-1988), PAX (POSIX.1-2001), GNU long names and numbers. */
#include "image/tar_read.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/tar_header.h"

/* What extension headers say about the member that follows them. */
struct overrides {
	char *path, *linkname;
	bool has_size, has_uid, has_gid, has_mtime, is_sparse;
	bool is_begun; /* a member has to follow */
	uint64_t size, uid, gid, mtime;
	struct buf records;
};

static void overrides_done(struct overrides *o)
{
	free(o->path);
	free(o->linkname);
	buf_done(&o->records);
}

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
}

static int malformed(const char *what, struct err *e)
{
	return err_set(e, -EBADMSG, "malformed tar: %s", what);
}

/* What the source said, in words. */
static int broken(int code, struct err *e)
{
	if (code == -EBADMSG)
		return err_set(e, code, "truncated or corrupt");
	if (code == -E2BIG)
		return err_set(e, code, "decompresses to more than %d times its size", SOURCE_RATIO_MAX);
	return err_sys(e, code, "cannot read it");
}

/* Base-256 (GNU): the first byte is 0x80 and the rest a big-endian number; negative ones are refused. */
static bool parse_base256(const uint8_t *field, size_t len, uint64_t *ret)
{
	uint64_t value = field[0] & 0x7f;

	if (field[0] & 0x40)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (value >> 55)
			return false;
		value = value << 8 | field[i];
	}
	*ret = value;
	return true;
}

/* Octal digits, blanks before and NULs or blanks behind; an empty field is 0. */
static bool parse_number(const uint8_t *field, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if (field[0] & 0x80)
		return parse_base256(field, len, ret);
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	for (; i < len; i++)
		if (field[i] && field[i] != ' ')
			return false;
	*ret = value;
	return true;
}

static bool checksum_fits(const uint8_t *block)
{
	uint64_t sum = 0, want;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM + TAR_CHECKSUM_LEN ? ' ' : block[i];
	return parse_number(block + TAR_CHECKSUM, TAR_CHECKSUM_LEN, &want) && want == sum;
}

static bool is_zero(const uint8_t *block)
{
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

/* The content of an extension header, NUL-terminated. Owned by the caller. */
static int read_extension(struct tar_reader *r, uint64_t size, uint64_t limit, struct buf *out, struct err *e)
{
	char chunk[4096];
	int code;

	if (size > limit)
		return err_set(e, -E2BIG, "a name or extension of %llu bytes in a tar", (unsigned long long)size);
	for (uint64_t left = size; left;) {
		ssize_t n = source_read(r->source, chunk, (size_t)MIN_OF(left, sizeof(chunk)));

		if (n <= 0)
			return broken(n ? (int)n : -EBADMSG, e);
		buf_add(out, chunk, (size_t)n);
		left -= (uint64_t)n;
	}
	code = source_skip(r->source, tar_padding(size));
	if (code)
		return broken(code, e);
	return buf_ok(out) ? 0 : err_sys(e, -ENOMEM, "cannot read it");
}

static int set_text(char **target, const char *text, size_t len, struct err *e)
{
	if (memchr(text, '\0', len))
		return malformed("a name with a NUL in it", e);
	free(*target);
	*target = NULL;
	if (!len)
		return 0; /* POSIX pax: an empty value takes the record back */
	*target = mem_part(text, len);
	return *target ? 0 : err_sys(e, -ENOMEM, "cannot read it");
}

/* A time may have a fraction, and be before 1970: then it is what a header without PAX would say. */
static bool parse_time(const char *text, uint64_t *ret)
{
	auto_free char *seconds = mem_part(text, strcspn(text, "."));
	unsigned long value = 0;

	if (!seconds || (*seconds != '-' && str_to_uint(seconds, INT64_MAX, &value)))
		return false;
	*ret = value;
	return true;
}

static int pax_number(
	struct overrides *o, const char *key, size_t key_len, const char *value, size_t len, struct err *e)
{
	const struct {
		const char *key;
		uint64_t *value;
		bool *has;
	} numbers[] = { { "size", &o->size, &o->has_size }, { "uid", &o->uid, &o->has_uid },
		{ "gid", &o->gid, &o->has_gid }, { "mtime", &o->mtime, &o->has_mtime } };
	auto_free char *text = NULL;
	unsigned long number;
	size_t i = 0;

	while (i < ARRAY_SIZE(numbers) && (strlen(numbers[i].key) != key_len || memcmp(key, numbers[i].key, key_len)))
		i++;
	if (i == ARRAY_SIZE(numbers) || (!len && i))
		return 0;
	text = mem_part(value, len);
	if (text && numbers[i].value == &o->mtime) {
		if (!parse_time(text, numbers[i].value))
			return malformed("a bad number in a PAX header", e);
	} else {
		if (!text || str_to_uint(text, INT64_MAX, &number))
			return malformed(i ? "a bad number in a PAX header" : "a bad size in a PAX header", e);
		*numbers[i].value = number;
	}
	*numbers[i].has = true;
	return 0;
}

static int pax_record(
	struct overrides *o, const char *key, size_t key_len, const char *value, size_t len, struct err *e)
{
	if (key_len == 4 && !memcmp(key, "path", 4))
		return set_text(&o->path, value, len, e);
	if (key_len == 8 && !memcmp(key, "linkpath", 8))
		return set_text(&o->linkname, value, len, e);
	if (key_len > 11 && !memcmp(key, "GNU.sparse.", 11))
		o->is_sparse = true;
	return pax_number(o, key, key_len, value, len, e);
}

/* What a directory loses when another layer has it again, and does not say this again. */
static bool is_kept(const char *key, size_t len, const char *value, size_t value_len)
{
	static const char xattr[] = "SCHILY.xattr.";

	return (len > strlen(xattr) && !memcmp(key, xattr, strlen(xattr))) ||
	       (len == 5 && !memcmp(key, "mtime", 5) && memchr(value, '.', value_len));
}

/* Records of "LENGTH KEY=VALUE\n", the length counting itself. */
static int parse_pax(struct overrides *o, const char *text, size_t total, struct err *e)
{
	for (size_t at = 0; at < total;) {
		const char *record = text + at, *space = memchr(record, ' ', MIN_OF(total - at, 21));
		const char *equals;
		size_t key_len, value_len;
		unsigned long len;
		char digits[24] = "";
		int r;

		if (space)
			memcpy(digits, record, (size_t)(space - record));
		if (!space || str_to_uint(digits, total - at, &len) || len < (size_t)(space - record) + 3 ||
			record[len - 1] != '\n')
			return malformed("a bad PAX record", e);
		equals = memchr(space + 1, '=', len - (size_t)(space + 1 - record) - 1);
		if (!equals)
			return malformed("a PAX record without '='", e);
		key_len = (size_t)(equals - space - 1);
		value_len = len - 2 - (size_t)(equals - record);
		r = pax_record(o, space + 1, key_len, equals + 1, value_len, e);
		if (r)
			return r;
		if (is_kept(space + 1, key_len, equals + 1, value_len))
			buf_add(&o->records, record, len);
		at += len;
	}
	return 0;
}

/* x: for the next member; g: for all, ignored as by every reader of images; L, K: GNU names. */
static int take_extension(struct tar_reader *r, char type, uint64_t size, struct overrides *o, struct err *e)
{
	bool is_name = type == 'L' || type == 'K';
	auto_buf text = { 0 };
	int code = read_extension(r, size, is_name ? TAR_NAME_MAX : TAR_PAX_MAX, &text, e);

	if (code || type == 'g')
		return code;
	if (type == 'x')
		return parse_pax(o, buf_text(&text), text.len, e);
	return set_text(type == 'L' ? &o->path : &o->linkname, buf_text(&text), strnlen(buf_text(&text), text.len), e);
}

static bool is_ustar(const uint8_t *block)
{
	return !memcmp(block + TAR_MAGIC, "ustar", 6);
}

static char *field_text(const uint8_t *field, size_t len)
{
	return mem_part((const char *)field, strnlen((const char *)field, len));
}

static char *block_path(const uint8_t *block)
{
	char *path = NULL;

	if (!is_ustar(block) || !block[TAR_PREFIX])
		return field_text(block + TAR_NAME, TAR_NAME_LEN);
	return asprintf(&path, "%.*s/%.*s", TAR_PREFIX_LEN, (const char *)block + TAR_PREFIX, TAR_NAME_LEN,
		       (const char *)block + TAR_NAME) < 0
		       ? NULL
		       : path;
}

/*
 * '\0' and '7' are old and contiguous files. Only an old one whose name ends in a slash is a directory: a '0' has
 * content whatever its name, and taking that for headers would show other members than engines unpack.
 */
static int set_type(struct tar_entry *entry, char type, struct err *e)
{
	if (type == '\0' && str_ends(entry->path, "/") && !entry->size)
		type = TAR_DIRECTORY;
	if (type == '\0' || type == '7')
		type = TAR_FILE;
	if (type < TAR_FILE || type > TAR_FIFO)
		return malformed(type == 'S' ? "a sparse file" : "an unknown type of member", e);
	entry->type = (enum tar_type)type;
	return 0;
}

static int fill_entry(struct tar_reader *r, const uint8_t *block, struct overrides *o, struct err *e)
{
	struct tar_entry *entry = &r->entry;
	uint64_t mode, mtime;
	int code;

	if (!parse_number(block + TAR_MODE, TAR_ID_LEN, &mode) ||
		!parse_number(block + TAR_UID, TAR_ID_LEN, &entry->uid) ||
		!parse_number(block + TAR_GID, TAR_ID_LEN, &entry->gid) ||
		!parse_number(block + TAR_SIZE, TAR_SIZE_LEN, &entry->size))
		return malformed("a bad number in a header", e);
	if (!parse_number(block + TAR_MTIME, TAR_SIZE_LEN, &mtime))
		mtime = 0; /* before 1970, as GNU tar writes it */
	entry->mode = (unsigned)mode & 07777;
	entry->mtime = (int64_t)mtime;
	if (o->has_size)
		entry->size = o->size;
	if (o->has_uid)
		entry->uid = o->uid;
	if (o->has_gid)
		entry->gid = o->gid;
	if (o->has_mtime)
		entry->mtime = (int64_t)o->mtime;
	entry->path = o->path ? take_ptr(&o->path) : block_path(block);
	entry->linkname = o->linkname ? take_ptr(&o->linkname) : field_text(block + TAR_LINK, TAR_LINK_LEN);
	entry->records = o->records;
	o->records = (struct buf){ 0 };
	if (!entry->path || !entry->linkname || !buf_ok(&entry->records))
		return err_sys(e, -ENOMEM, "cannot read it");
	if (o->is_sparse)
		return malformed("a sparse file", e);
	code = set_type(entry, (char)block[TAR_TYPE], e);
	if (code)
		return code;
	if (entry->type != TAR_FILE)
		entry->size = 0; /* other types have no content, whatever the field says */
	if (entry->size > INT64_MAX - TAR_BLOCK)
		return malformed("an impossible size", e);
	r->left = entry->size;
	r->padding = tar_padding(entry->size);
	entry->offset = source_position(r->source);
	return 0;
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

static int finish(struct tar_reader *r, struct err *e)
{
	uint8_t block[TAR_BLOCK];
	int code = read_block(r, block, true, e);

	r->is_done = true;
	if (code < 0)
		return code;
	return code && !is_zero(block) ? malformed("a member behind its end", e) : 0;
}

static int next_member(struct tar_reader *r, struct overrides *o, struct err *e)
{
	for (;;) {
		uint8_t block[TAR_BLOCK];
		uint64_t size;
		int code = read_block(r, block, r->is_layer && r->members && !o->is_begun, e);

		if (code <= 0) {
			r->is_done = !code;
			return code;
		}
		if (is_zero(block))
			return finish(r, e);
		if (!checksum_fits(block))
			return malformed("a wrong header checksum", e);
		if (++r->members > TAR_MEMBERS_MAX)
			return err_set(e, -E2BIG, "more than %d members in a tar", TAR_MEMBERS_MAX);
		if (!strchr("xgLK", block[TAR_TYPE]) || !block[TAR_TYPE]) {
			code = fill_entry(r, block, o, e);
			return code ? code : 1;
		}
		if (!parse_number(block + TAR_SIZE, TAR_SIZE_LEN, &size))
			return malformed("a bad number in a header", e);
		o->is_begun = true;
		code = take_extension(r, (char)block[TAR_TYPE], size, o, e);
		if (code)
			return code;
	}
}

/* What is left of the content, and the padding behind it. */
static int pass_over(struct tar_reader *r)
{
	uint8_t padding[TAR_BLOCK];
	ssize_t n;

	if (!r->is_layer)
		return source_skip(r->source, r->left + r->padding);
	n = source_skip(r->source, r->left);
	if (!n)
		n = source_read(r->source, padding, (size_t)r->padding);
	if (n > 0 && (uint64_t)n < r->padding)
		n = -EBADMSG; /* cut; left out altogether it may be */
	return n < 0 ? (int)n : 0;
}

int tar_next(struct tar_reader *reader, struct err *e)
{
	struct overrides overrides = { 0 };
	int code;

	if (reader->is_done)
		return 0;
	code = pass_over(reader);
	if (code)
		return broken(code, e);
	entry_done(&reader->entry);
	reader->left = reader->padding = 0;
	reader->end = source_position(reader->source);
	code = next_member(reader, &overrides, e);
	reader->entry.start = reader->end;
	overrides_done(&overrides);
	return code;
}

ssize_t tar_read(struct tar_reader *reader, void *data, size_t len, struct err *e)
{
	size_t want = (size_t)MIN_OF((uint64_t)len, reader->left);
	ssize_t n = want ? source_read(reader->source, data, want) : 0;

	if (n < 0 || (size_t)n < want)
		return broken(n < 0 ? (int)n : -EBADMSG, e);
	reader->left -= (uint64_t)n;
	return n;
}
