// SPDX-License-Identifier: MIT
/* Collects findings, and makes hints that can be typed as they are. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "emulator/package.h"
#include "emulator/search.h"
#include "report/doctor.h"

const char *const finding_words[] = { "ok", "note", "warning", "problem" };

void doctor_add(struct doctor *doctor, struct finding_kind kind, const char *hint, const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	doctor->findings = mem_more(doctor->findings, doctor->n, sizeof(*doctor->findings));
	f = &doctor->findings[doctor->n++];
	*f = (struct finding){ .kind = kind, .target = doctor->target, .hint = hint && *hint ? mem_text(hint) : NULL };
	va_start(ap, fmt);
	f->what = mem_vprint(fmt, ap);
	va_end(ap);
}

enum finding_level doctor_worst(const struct doctor *doctor)
{
	enum finding_level worst = FINDING_OK;

	for (size_t i = 0; i < doctor->n; i++)
		if (doctor->findings[i].kind.level > worst)
			worst = doctor->findings[i].kind.level;
	return worst;
}

bool doctor_has_problem(const struct doctor *doctor)
{
	for (size_t i = doctor->first; i < doctor->n; i++)
		if (doctor->findings[i].kind.level == FINDING_PROBLEM)
			return true;
	return false;
}

void doctor_done(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n; i++) {
		free(doctor->findings[i].what);
		free(doctor->findings[i].hint);
	}
	free(doctor->findings);
	*doctor = (struct doctor){ 0 };
}

const char *doctor_real_path(int fd, const char *path, char ret[4096])
{
	char link[32], real[4000];
	struct stat own, there;
	bool is_here;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	real[n > 0 ? n : 0] = '\0';
	is_here = !fstat(fd, &own) && !stat(real, &there) && own.st_dev == there.st_dev && own.st_ino == there.st_ino;
	snprintf(ret, 4096, "%s%s", is_here || *real != '/' ? "" : "DIR", is_here || strcmp(real, "/") ? real : "");
	return *real == '/' ? ret : path;
}

bool doctor_has_our_name(const struct arch *arch, const struct rule *rule)
{
	for (size_t m = 0; m < ARCH_MATCHES_MAX && arch->match[m].handler; m++)
		if (!strcmp(arch->match[m].handler, rule->name))
			return true;
	return false;
}

/* Bit 21 of CapEff, include/uapi/linux/capability.h: CAP_SYS_ADMIN, without which root cannot mount. */
bool doctor_is_powerless(void)
{
	auto_fd fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	auto_buf text = { 0 };
	const char *line;

	if (geteuid() || fd < 0 || fd_read_all(fd, 64 * 1024, &text))
		return false;
	line = strstr(buf_text(&text), "\nCapEff:");
	return line && !(strtoull(line + strlen("\nCapEff:"), NULL, 16) >> 21 & 1);
}

void doctor_register_hint(struct buf *out, const struct arch *arch, const struct rule *rule)
{
	bool is_foreign = rule && arch && !doctor_has_our_name(arch, rule);
	auto_emulator emulator = EMULATOR_INIT;
	struct search usual = { 0 };

	if (doctor_is_powerless()) {
		buf_adds(out, "docker run --rm --privileged IMAGE");
		return;
	}
	if (arch && search_emulator(&usual, arch, &emulator, NULL, NULL)) {
		if (!package_emulators(out, arch))
			return;
		buf_adds(out, " && ");
	}
	buf_addf(out, "sudo anyarch register%s %s", is_foreign ? " --replace" : "", arch ? arch_word(arch) : "");
}

struct buf doctor_command(const char *command, const char *word)
{
	struct buf out = { 0 };

	buf_adds(&out, command);
	str_quote(&out, word);
	return out;
}

void doctor_unregister_hint(struct buf *out, const struct rule *rule)
{
	for (const char *p = rule->name; *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			return; /* a name that is shown escaped cannot be typed */
	buf_adds(out, "sudo anyarch unregister -- ");
	str_quote(out, rule->name);
}

void doctor_switched_off(const struct status *status, struct doctor *ret)
{
	auto_free char *path = mem_print("%s/status", status->path ? status->path : INSTANCE_USUAL);
	auto_buf hint = doctor_command("echo 1 | sudo tee ", path);

	doctor_add(ret, PROBLEM("switched-off"), buf_text(&hint),
		"the table is switched off as a whole: no handler works");
}
