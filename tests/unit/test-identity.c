// SPDX-License-Identifier: MIT
/* Which compiler or assembler a program is, read from its bytes. */
#include "check.h"

#include <string.h>

#include "accel/identity.h"

/* Without a byte behind it. */
static bool find(const void *bytes, size_t len, enum identity_kind kind, const char *target, struct identity *ret)
{
	auto_free char *exact = malloc(len ? len : 1);

	memcpy(exact, bytes, len);
	return identity_find(exact, len, kind, target, ret);
}

#define FIND(text, kind, target) find(text, sizeof(text), kind, target, &id)

static void test_gcc(void **state)
{
	struct identity id = { 0 };

	(void)state;
	assert_true(FIND("\1\2\0(Debian 12.2.0-14+deb12u1) \0x\00012.2.0\0arm-linux-gnueabihf\0", IDENTITY_GCC,
		"arm-linux-gnueabihf"));
	assert_string_equal(id.package, "Debian 12.2.0-14+deb12u1");
	assert_string_equal(id.vendor, "Debian");
	assert_string_equal(id.version, "12.2.0");
	assert_true(FIND("\0(Red Hat 13.2.1-4) \00013.2.1\0", IDENTITY_GCC, NULL));
	assert_string_equal(id.vendor, "Red Hat");
	assert_string_equal(id.version, "13.2.1");
}

static void test_what_is_not_gcc(void **state)
{
	struct identity id = { 0 };

	(void)state;
	/* another target; the version is no text of its own; no version; a format; nothing */
	assert_false(FIND("\0(Debian 12.2.0-14) \00012.2.0\0arm-linux-gnueabi\0", IDENTITY_GCC, "arm-linux-gnueabihf"));
	assert_false(FIND("\0(Debian 12.2.0-14) \0x12.2.0\0", IDENTITY_GCC, NULL));
	assert_false(FIND("\0(GCC) \00012.2.0\0", IDENTITY_GCC, NULL));
	assert_false(FIND("\0(%s 12.2.0) \00012.2.0\0", IDENTITY_GCC, NULL));
	assert_false(find("", 0, IDENTITY_GCC, NULL, &id));
	assert_false(FIND("(Debian 12.2.0-14) \00012.2.0\0", IDENTITY_GCC, NULL));
	assert_false(FIND(") ", IDENTITY_GCC, NULL));
}

static void test_binutils(void **state)
{
	struct identity id = { 0 };

	(void)state;
	assert_true(FIND("\0(GNU Binutils for Debian) 2.40\0", IDENTITY_BINUTILS, NULL));
	assert_string_equal(id.vendor, "GNU Binutils for Debian");
	assert_string_equal(id.version, "2.40");
	assert_true(FIND("\1(GNU Binutils) 2.43.1\0arm-linux-gnu\0", IDENTITY_BINUTILS, NULL));
	assert_false(FIND("\0(GNU Binutils for Debian) x\0", IDENTITY_BINUTILS, NULL));
	assert_false(FIND("\0(GNU Binutils for Debian 2.40\0", IDENTITY_BINUTILS, NULL));
	assert_false(FIND("\0(GNU Binutils) 2.40\0", IDENTITY_BINUTILS, "arm-linux-gnu"));
	assert_false(find("(GNU Binutils", 13, IDENTITY_BINUTILS, NULL, &id));
}

static void test_equal(void **state)
{
	struct identity a = { "Debian 12.2.0-14", "Debian", "12.2.0" },
			b = { "Debian 12.2.0-14+deb12u1", "Debian", "12.2.0" };
	struct identity other_vendor = { "Ubuntu 12.2.0-3ubuntu1", "Ubuntu", "12.2.0" };
	struct identity other_version = { "Debian 12.3.0-1", "Debian", "12.3.0" };

	(void)state;
	assert_true(identity_is_equal(&a, &b));
	assert_false(identity_is_equal(&a, &other_vendor));
	assert_false(identity_is_equal(&a, &other_version));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(test_gcc),
		unit(test_what_is_not_gcc),
		unit(test_binutils),
		unit(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
