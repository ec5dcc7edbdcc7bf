// SPDX-License-Identifier: MIT
/* Parses numbers of tar headers and PAX records. */
#include "image/tar_header.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"

bool tar_octal(const uint8_t *field, size_t len, int64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	/* Base-256 (GNU): big-endian two's complement after the first bit, which marks the encoding. */
	if (field[0] & 0x80) {
		bool is_negative = field[0] & 0x40;

		value = is_negative ? ~(uint64_t)0 << 6 | (field[0] & 0x3f) : field[0] & 0x3f;
		for (i = 1; i < len; i++) {
			if (value >> 55 != (is_negative ? 0x1ff : 0))
				return false;
			value = value << 8 | field[i];
		}
		*ret = (int64_t)value;
		return true;
	}
	while (i < len && (field[i] == ' ' || !field[i]))
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	for (; i < len; i++)
		if (field[i] && field[i] != ' ')
			return false;
	*ret = (int64_t)value;
	return true;
}

bool tar_decimal(const char *text, int64_t *ret)
{
	const char *digits = text + (*text == '-' || *text == '+');
	unsigned long value;

	if (str_to_uint(digits, INT64_MAX, &value))
		return false;
	*ret = *text == '-' ? -(int64_t)value : (int64_t)value;
	return true;
}

bool tar_time(const char *text, int64_t *ret)
{
	auto_free char *seconds = mem_part(text, strcspn(text, "."));

	if (!tar_decimal(seconds, ret))
		return false;
	*ret = *ret < 0 ? 0 : *ret;
	return true;
}
