// SPDX-License-Identifier: MIT
/* base/stream: what is decompressed does not depend on how much is asked for at a time. */
#include "base/codec.h"
#include "fuzz.h"

enum { OUTPUT_MAX = 4 << 20, CHUNK = 64 * 1024, STEP = 997 };

/* How one way of reading ended. */
struct end {
	uint64_t bytes;
	int error;
	uint32_t sum;
};

static struct source *open_input(int fd, size_t len)
{
	struct source *inner = source_range(fd, 0, len);
	const char *codec = NULL;
	auto_err e = { 0 };
	struct source *source;

	must(inner);
	source = source_decode(inner, &codec, &e);
	must(codec);
	must(source ? !e.code : e.code && e.message);
	return source;
}

static uint32_t add(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ data[i]) * 0x01000193u;
	return sum;
}

static struct end read_in_steps(struct source *source, size_t step)
{
	static uint8_t chunk[CHUNK];
	struct end end = { .sum = 0x811c9dc5u };
	ssize_t n = 0;

	while (end.bytes < OUTPUT_MAX && (n = source_read(source, chunk, step)) > 0) {
		must((size_t)n <= step);
		end.bytes += (uint64_t)n;
		end.sum = add(end.sum, chunk, (size_t)n);
		must(source_position(source) == end.bytes);
		if ((size_t)n < step)
			must(source_read(source, chunk, 1) <= 0);
	}
	end.error = n < 0 ? (int)n : 0;
	if (end.error) /* it stays */
		must(source_read(source, chunk, 1) == end.error && source_skip(source, 1) == end.error);
	return end;
}

/* A step further than the end is an error. */
static struct end pass_over(struct source *source)
{
	struct end end = { 0 };

	while (end.bytes < OUTPUT_MAX && !(end.error = source_skip(source, STEP)))
		end.bytes += STEP;
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t steps[] = { CHUNK, 4096, 7 };
	struct end ends[ARRAY_SIZE(steps)], passed;
	int fd = fuzz_file(data, len);
	struct source *source;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		source = open_input(fd, len);
		if (!source)
			return 0;
		ends[i] = read_in_steps(source, steps[i]);
		source_free(source);
		if (ends[i].bytes >= OUTPUT_MAX - CHUNK)
			return 0; /* they stop at different places */
		if (ends[i].error == -E2BIG)
			return 0; /* the ratio is also one of all that the process has read: of earlier inputs, too */
		must(ends[i].error == ends[0].error);
		must(ends[i].error || (ends[i].bytes == ends[0].bytes && ends[i].sum == ends[0].sum));
	}
	source = open_input(fd, len);
	passed = pass_over(source);
	source_free(source);
	must(passed.error);
	if (passed.error == -E2BIG)
		return 0;
	must(ends[0].error || ends[0].bytes - passed.bytes < STEP);
	return 0;
}
