// SPDX-License-Identifier: MIT
/* Whether the native tools of a root serve, and what keeps them from it. */
#include "accel/root.h"
#include "base/str.h"
#include "report/doctor.h"

static void tell_broken(const char *target, const struct buf *lost, const struct buf *why, struct doctor *ret)
{
	auto_buf hint = { 0 };

	buf_adds(&hint, "anyarch inject --accelerate ");
	str_quote(&hint, target);
	doctor_add(ret, WARNING("tools-broken"), buf_text(&hint), "%s: %s run emulated: %s", target,
		lost->len ? buf_text(lost) : "its native tools do not serve, and their twins", buf_text(why));
}

int doctor_tools(const struct status *status, int root, const struct arch *arch, const char *target, struct doctor *ret)
{
	auto_buf tools = { 0 }, lost = { 0 }, why = { 0 }, hint = { 0 };
	enum accelerate_state state;
	int r = accelerate_look(root, &state, &tools, &lost, &why);

	if (r)
		return r;
	if (state == ACCELERATE_BROKEN)
		tell_broken(target, &lost, &why, ret);
	if (!tools.len)
		return 0;
	buf_addf(&hint, "sudo anyarch register --accelerate %s", arch->qemu);
	if (status_accelerates(status, arch))
		doctor_add(ret, FINE("accelerated"), NULL, "%s: native ones run for %s", target, buf_text(&tools));
	else
		doctor_add(ret, NOTE("not-accelerating"), buf_text(&hint),
			"%s: there are native tools for %s, and the handler's emulator does not start them", target,
			buf_text(&tools));
	return 0;
}
