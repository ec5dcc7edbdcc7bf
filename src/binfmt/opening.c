// SPDX-License-Identifier: MIT
/* Opens the table for register by the method that makes handlers last longest: in place, pinned or through the host. */
#include "binfmt/opening.h"

#include "binfmt/pin.h"

static enum lasting choose_way(enum lasting asked, const char *at, const struct surroundings *around)
{
	if (asked != LASTING_AUTO)
		return asked;
	/* PID 1 of a container: its mounts end with it, its user namespace may not. */
	if (!around->is_initial_userns && getpid() == 1)
		return LASTING_PIN;
	if (!around->is_machine && !at && instance_lacks_place())
		return LASTING_PIN;
	return around->is_machine || !around->is_initial_userns ? LASTING_MOUNT : LASTING_PIN;
}

int opening_open(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *ret, struct err *e)
{
	int r;

	report->lasting = choose_way(options->lasting, options->mount_at, around);
	report->is_userns_only = !around->is_initial_userns;
	report->lasts = report->lasting == LASTING_MOUNT && (around->is_machine || !around->is_initial_userns);
	if (report->lasting == LASTING_HOST) {
		r = lasting_open_host(ret, e);
		report->lasts = !r;
	} else if (report->lasting == LASTING_PIN) {
		r = instance_open_detached(ret, e);
		report->lasts = !r;
	} else {
		const char *at = options->mount_at ? options->mount_at : INSTANCE_USUAL;

		/* In a user namespace a visible instance may be the parent's; a new mount never is. */
		if (around->is_initial_userns) {
			r = instance_open_in_place(options->mount_at, ret, e);
		} else {
			r = instance_mount(at, e);
			r = r ? r : instance_open_write(at, ret, e);
		}
	}
	if (report->lasting == LASTING_MOUNT && !report->lasts)
		err_set(&report->not_lasting, -ENOTSUP,
			"binfmt_misc is mounted in this mount namespace only and ends with it");
	return r;
}

/* *ret_any: whether there is anything to pin. */
static int start_pin(const struct register_report *report, struct instance *instance, bool *ret_any, struct err *e)
{
	const struct emulator *emulators[REGISTER_ITEMS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++) {
		const struct register_item *item = &report->items[i];

		if (item->result != REGISTER_PENDING)
			continue;
		*ret_any = true;
		if (!(item->rule.flags & RULE_FIXED))
			return err_set(e, -EOPNOTSUPP, "a handler that is not fixed (F) cannot be pinned");
		emulators[n++] = &item->emulator;
	}
	return n ? pin_start(instance, emulators, n, e) : 0;
}

int opening_pin(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *instance, struct err *e)
{
	auto_instance host = INSTANCE_INIT;
	bool has_any = false;
	int r;

	if (report->lasting != LASTING_PIN)
		return 0;
	r = start_pin(report, instance, &has_any, e);
	if (!has_any)
		return 0;
	if (!r || options->lasting == LASTING_PIN)
		return r ? (e->code = -EOPNOTSUPP) : 0;
	err_move(&report->not_lasting, e);
	if (around->sees_host && !lasting_open_host(&host, NULL)) {
		report->lasting = LASTING_HOST;
		err_done(&report->not_lasting);
		return 0;
	}
	report->lasts = false;
	report->lasting = LASTING_NO;
	err_hint(&report->not_lasting, "docker run --privileged, or --cap-add SYS_ADMIN and SYS_CHROOT, or add "
				       "--pid=host; or register on the machine itself");
	return 0;
}
