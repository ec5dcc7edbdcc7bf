// SPDX-License-Identifier: MIT
/* base/stop: a signal is noted, not obeyed at once, and one that was ignored stays ignored. */
#include "base/stop.h"

#include <signal.h>

#include "check.h"

static void nothing_came(void **state)
{
	auto_err e = { 0 };

	(void)state;
	check(stop_signal() == 0, "signal %d", stop_signal());
	check(stop_check(&e) == 0 && !e.message, "an error without a signal");
}

static void ignored_ones_stay_ignored(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	stop_catch();
	raise(SIGHUP);
	check(stop_signal() == 0, "an ignored signal is noted");
}

static void each_is_noted(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	signal(SIGHUP, SIG_DFL);
	stop_catch();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		auto_err e = { 0 };

		stop_note(0);
		raise(signals[i]);
		check(stop_signal() == signals[i], "%d is noted as %d", signals[i], stop_signal());
		check_code("stop_check", stop_check(&e), -EINTR, &e);
		check_sentence("stop_check", &e);
		check(stop_check(NULL) == -EINTR, "without an error to fill");
	}
	stop_note(SIGTERM);
	check(stop_signal() == SIGTERM, "a signal of the parent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(nothing_came),
		unit(ignored_ones_stay_ignored),
		unit(each_is_noted),
	};

	return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
