// SPDX-License-Identifier: MIT
/* Checks whether the native tools of a root work, and why not. */
#include "accel/root.h"

#include "report/doctor.h"
#include "report/inspect.h"

/* Reports why other tools of the manifest are emulated; a root's manifest may be of tools that no longer work. */
static void tell_emulated(const struct json *document, const char *target, struct doctor *ret)
{
	auto_buf text = { 0 };

	for (size_t i = 0; i < jv_count(jv_get(document, "emulated")); i++) {
		auto_buf some = { 0 };

		if (inspect_emulated(document, i, &some))
			buf_addf(&text, "%s%s", text.len ? ", " : "", buf_text(&some));
	}
	if (text.len)
		doctor_add(ret, FINE("stays-emulated"), NULL, "%s: emulated: %s", target, buf_text(&text));
}

static void tell_native(
	const struct status *status, const struct arch *arch, const char *target, const char *tools, struct doctor *ret)
{
	auto_buf hint = { 0 };

	buf_addf(&hint, "sudo anyarch register --accelerate %s", arch->qemu);
	if (status_accelerates(status, arch))
		doctor_add(ret, FINE("accelerated"), NULL, "%s: native ones run for %s", target, tools);
	else
		doctor_add(ret, NOTE("not-accelerating"), buf_text(&hint),
			"%s: there are native tools for %s, and the handler's emulator does not start them", target,
			tools);
}

void doctor_image_tools(const struct status *status, const struct json *document, const struct arch *arch,
	const char *target, struct doctor *ret)
{
	auto_buf tools = { 0 };

	inspect_natives(document, &tools);
	if (tools.len)
		tell_native(status, arch, target, buf_text(&tools), ret);
	tell_emulated(document, target, ret);
}

int doctor_tools(const struct status *status, int root, const struct arch *arch, const char *target, struct doctor *ret)
{
	auto_buf tools = { 0 }, lost = { 0 }, why = { 0 };
	auto_json *document = NULL;
	enum accelerate_state state;
	int r = accelerate_look(root, &state, &tools, &lost, &why);

	if (r)
		return r;
	if (state == ACCELERATE_BROKEN) {
		auto_buf hint = doctor_command("anyarch inject --accelerate ", target);

		doctor_add(ret, WARNING("tools-broken"), buf_text(&hint), "%s: %s run emulated: %s", target,
			lost.len ? buf_text(&lost) : "its native tools cannot be used; all tools", buf_text(&why));
	}
	if (!tools.len)
		return 0;
	tell_native(status, arch, target, buf_text(&tools), ret);
	document = twins_read(&(struct tool_root){ toolchain_open_beneath, &root });
	tell_emulated(document, target, ret);
	return 0;
}
