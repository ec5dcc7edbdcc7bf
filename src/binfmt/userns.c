// SPDX-License-Identifier: MIT
/* Why a user namespace cannot be created here, as /proc shows, and the command that allows it. */
#include "binfmt/userns.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/str.h"

#define PROFILE "/etc/apparmor.d/anyarch"

enum { FILE_MAX = 4 * 1024 * 1024 };

static bool read_text(const char *path, struct buf *ret)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !fd_read_all(fd, FILE_MAX, ret) && ret->data;
}

static bool is_value(const char *path, const char *value)
{
	auto_buf text = { 0 };

	return read_text(path, &text) && !strncmp(buf_text(&text), value, strcspn(buf_text(&text), "\n")) &&
	       *buf_text(&text) != '\n';
}

bool userns_is_confined(void)
{
	return is_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") && access(PROFILE, F_OK) < 0;
}

void userns_profile(struct buf *out)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (n <= 0 || self[strcspn(self, "'\"%\\ \n")])
		snprintf(self, sizeof(self), "/usr/bin/anyarch");
	buf_addf(out,
		"printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile anyarch %s flags=(unconfined) {\\n  "
		"userns,\\n}\\n' | sudo tee " PROFILE " && sudo apparmor_parser -r " PROFILE,
		self);
}

/* mountinfo has no "/" in a chroot that is not a mount point; kernel/user_namespace.c, create_user_ns(), refuses it. */
static bool is_chrooted(void)
{
	auto_buf text = { 0 };

	return read_text("/proc/self/mountinfo", &text) && !strstr(buf_text(&text), " / / ") &&
	       !memmem(text.data, text.len, " / rw", 5) && !memmem(text.data, text.len, " / ro", 5);
}

int userns_refused(int code, struct err *e)
{
	auto_buf profile = { 0 }, status = { 0 };

	err_set(e, -EOPNOTSUPP, "user namespaces are not allowed here: %s", strerror(-code));
	if (access("/proc/self", F_OK) < 0) /* the reasons are read from it */
		return err_hint(e, "mount -t proc proc /proc");
	if (code == -ENOSYS)
		return err_hint(
			e, "this kernel has no user namespaces: register on the machine, sudo anyarch register");
	if (is_value("/proc/sys/user/max_user_namespaces", "0") || code == -ENOSPC)
		return err_hint(e, "sudo sysctl user.max_user_namespaces=10000");
	if (is_value("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return err_hint(e, "sudo sysctl kernel.unprivileged_userns_clone=1");
	if (userns_is_confined()) {
		userns_profile(&profile);
		return err_hint(e, "%s", buf_text(&profile));
	}
	if (read_text("/proc/self/status", &status) && strstr(buf_text(&status), "\nSeccomp:\t2"))
		return err_hint(e,
			"a seccomp filter refuses them: docker run --security-opt seccomp=unconfined --security-opt "
			"apparmor=unconfined --security-opt systempaths=unconfined");
	if (is_chrooted())
		return err_hint(e, "the kernel allows none inside a chroot: run it outside, with --root DIR");
	return err_hint(e, "register on the machine instead: sudo anyarch register");
}
