// SPDX-License-Identifier: MIT
/* Decides what to register, before anything is changed. */
#include "binfmt/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "binfmt/exec.h"
#include "binfmt/native.h"
#include "binfmt/replace.h"
#include "emulator/stub.h"

enum { QEMU_ARGV0_MAJOR = 6 }; /* QEMU 6.0 reads AT_FLAGS_PRESERVE_ARGV0 */

static bool knows_by_version(const struct register_options *options)
{
	return options->dry_run || options->is_private;
}

static unsigned wanted_flags(const struct register_options *options, const struct register_item *item)
{
	unsigned flags = options->is_unfixed ? 0 : RULE_FIXED;
	/* If no probe will run, the emulator's version decides. */
	bool is_likely =
		knows_by_version(options) ? strtoul(item->version, NULL, 10) >= QEMU_ARGV0_MAJOR : !options->no_verify;

	if (options->credentials)
		flags |= RULE_CREDENTIALS | RULE_OPEN_BINARY;
	if (options->argv0 == ARGV0_ON || (options->argv0 == ARGV0_AUTO && is_likely))
		flags |= RULE_PRESERVE_ARGV0;
	return flags;
}

static int add_arch_item(const struct register_options *options, struct register_report *report, size_t match,
	const struct emulator *emulator, struct err *e)
{
	const struct arch *arch = emulator->arch;
	struct register_item *item = &report->items[report->n];
	auto_buf name = { 0 };
	char own[32];

	*item = (struct register_item){ .arch = arch, .match = match, .emulator = EMULATOR_INIT };
	item->emulator.arch = arch;
	item->emulator.fd = fcntl(emulator->fd, F_DUPFD_CLOEXEC, 0);
	/* The path of an unnamed emulator is that of its descriptor, and the item has a duplicate. */
	snprintf(own, sizeof(own), "/proc/self/fd/%d", emulator->fd);
	item->emulator.path = strcmp(emulator->path, own) ? mem_text(emulator->path)
							  : mem_print("/proc/self/fd/%d", item->emulator.fd);
	if (item->emulator.fd < 0)
		return err_sys(e, -errno, "cannot duplicate a descriptor");
	if (knows_by_version(options))
		emulator_version(emulator->fd, arch, item->version);
	item->may_drop_argv0 = options->argv0 == ARGV0_AUTO;
	buf_addf(&name, "%s%s", options->name_prefix ? options->name_prefix : "", arch->match[match].handler);
	item->rule = rule_for_arch(arch, match, buf_text(&name), item->emulator.path, wanted_flags(options, item));
	report->n++;
	return 0;
}

/* Adds an item without a rule. */
static void add_without(
	struct register_report *report, const struct arch *arch, enum register_result result, struct err *why)
{
	struct register_item *item = &report->items[report->n++];

	*item = (struct register_item){ .arch = arch, .emulator = EMULATOR_INIT, .result = result };
	err_move(&item->err, why);
}

/* Adds the entry stub to the emulator: in a permanent file, or in an unnamed one for a private table. */
static int accelerate(const struct register_options *options, struct emulator *emulator, struct err *e)
{
	auto_free char *dir = NULL;

	if (!options->accelerate || (options->accelerated.n && !name_set_has(&options->accelerated, emulator->arch)))
		return 0;
	if (options->is_private)
		return stub_use_unnamed(emulator, e);
	dir = stub_directory();
	if (!dir)
		return err_set(e, -ENOENT, "no directory for emulators with an entry stub: HOME is not set");
	return options->dry_run ? stub_name(emulator, dir, e) : stub_use(emulator, dir, e);
}

static int add_arch(const struct register_options *options, struct register_report *report, const struct arch *arch,
	bool is_asked, struct err *e)
{
	const struct search *s = &options->search;
	auto_emulator emulator = EMULATOR_INIT;
	auto_err why = { 0 };
	int r = 0;

	if (options->is_unfixed) {
		/* It need not exist here: it is looked up in the root of the process that runs a program. */
		emulator.arch = arch;
		emulator.path = mem_print("%s/%sqemu-%s%s", s->n_dirs ? s->dirs[0] : "/usr/bin",
			s->prefix ? s->prefix : "", arch->qemu, s->suffix ? s->suffix : "");
		emulator.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} else {
		r = search_emulator(s, arch, &emulator, &report->passed, &why);
		r = r ? r : accelerate(options, &emulator, &why);
	}
	if (r && is_asked)
		add_without(report, arch, REGISTER_REFUSED, &why);
	if (r)
		return 0;
	for (size_t m = 0; m < ARCH_MATCHES_MAX && arch->match[m].handler; m++) {
		r = add_arch_item(options, report, m, &emulator, e);
		if (r)
			return r;
	}
	return 0;
}

/* Already runs natively: success, unless emulation was requested. */
static void pass_native(
	const struct register_options *options, struct register_report *report, const struct arch *arch, bool is_host)
{
	bool wants_emulator = options->force;
	auto_err why = { 0 };

	for (size_t i = 0; i < options->search.n_files; i++)
		wants_emulator |= options->search.file_arch[i] == arch;
	if (wants_emulator) {
		err_set(&why, -EEXIST, "this machine runs %s programs natively", arch_word(arch));
		err_hint(&why, is_host ? "a handler for the machine's own programs would stop every program"
				       : "use --force to register it anyway: native programs are then emulated");
	}
	add_without(report, arch, REGISTER_NATIVE, &why);
}

struct head {
	const char *what;
	uint8_t data[RULE_WINDOW];
	size_t len;
};

/* The first bytes of a file; none if it cannot be read. */
static struct head read_head(const char *what, int fd)
{
	struct head head = { .what = what };
	ssize_t n = fd < 0 ? 0 : fd_pread(fd, head.data, sizeof(head.data), 0);

	head.len = n > 0 ? (size_t)n : 0;
	return head;
}

/* False if ptrace is denied or this program itself is emulated: the machine's architecture may be another one. */
static bool is_host_certain(void)
{
	struct exec_job job = exec_probe(arch_host(), 0);
	bool r = !exec_trace(&job, 1, NULL) && job.taker != EXEC_UNKNOWN;

	exec_close(&job, 1);
	return r;
}

/*
 * A rule that matches programs it depends on makes every exec fail with ELOOP, even the one that would remove the rule.
 * In a chroot of another architecture, /bin/sh is meant to match.
 */
static void check_safety(struct register_report *report)
{
	auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_fd shell = open("/bin/sh", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct head heads[] = { read_head("this program itself", self), read_head("/bin/sh", shell), { 0 } };
	struct elf_head elf;
	bool is_native = elf_read_head(heads[1].data, heads[1].len, &elf, NULL) == 1 && elf_arch(&elf) == arch_host();

	if (!is_native && is_host_certain())
		heads[1].len = 0;
	for (size_t i = 0; i < report->n; i++) {
		struct register_item *item = &report->items[i];

		if (item->result != REGISTER_PENDING)
			continue;
		heads[2] = read_head("its own emulator", item->emulator.fd);
		for (size_t k = 0; k < ARRAY_SIZE(heads); k++) {
			const struct head *h = &heads[k];

			if (!h->len || !rule_matches(&item->rule, h->data, h->len))
				continue;
			item->result = REGISTER_REFUSED;
			err_set(&item->err, -EBADMSG, "the rule would also match %s: no program could start anymore",
				h->what);
		}
	}
}

int plan_items(const struct register_options *options, struct register_report *report, struct err *e)
{
	struct name_set asked = options->names, wanted;
	bool native[ARCH_COUNT_MAX] = { false };
	int r;

	if (!asked.n && !asked.is_all)
		name_set_add_usual(&asked);
	wanted = asked;
	if (wanted.is_all)
		for (const struct arch *a = NULL; (a = arch_next(a));)
			name_set_add_arch(&wanted, a);
	r = native_test(wanted.arch, wanted.n, options->is_private, native, e);
	for (size_t i = 0; !r && i < wanted.n; i++) {
		const struct arch *a = wanted.arch[i];
		bool is_asked = name_set_has(&asked, a);
		bool is_host = a == arch_host();

		if (!is_host && (!native[i] || (options->force && is_asked)))
			r = add_arch(options, report, a, is_asked, e);
		else if (is_asked)
			pass_native(options, report, a, is_host);
	}
	if (!r)
		check_safety(report);
	return r;
}

const struct arch *plan_owner(const struct rule *entry)
{
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			struct probe probe = probe_build(a, m, NULL);

			if (!strcmp(entry->name, a->match[m].handler) &&
				(entry->extension || rule_matches(entry, probe.data, probe.size)))
				return entry->extension ? NULL : a;
		}
	return NULL;
}

/* Whether entry matches all headers of real programs that wanted does: EXEC and DYN, System V and GNU, MIPS R6. */
static bool covers(const struct rule *entry, const struct rule *wanted, bool with_appimages)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} variants[] = { { 16, 3 }, { 17, 3 }, { 7, 3 }, { 8, 3 } };
	uint8_t head[RULE_WINDOW] = { 0 };

	memcpy(head + wanted->offset, wanted->magic, wanted->size);
	if (!rule_matches(entry, head, sizeof(head)))
		return false;
	if (with_appimages) {
		uint8_t appimage[RULE_WINDOW];

		memcpy(appimage, head, sizeof(head));
		memcpy(appimage + 8, "AI\x02", 3);
		if (rule_matches(wanted, appimage, sizeof(appimage)) &&
			!rule_matches(entry, appimage, sizeof(appimage)))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		uint8_t was = head[variants[i].at];
		bool is_wanted, is_taken;

		head[variants[i].at] = variants[i].value;
		is_wanted = rule_matches(wanted, head, sizeof(head));
		is_taken = rule_matches(entry, head, sizeof(head));
		head[variants[i].at] = was;
		/* Only MIPS R6 (e_machine 8) has ABI version 3. */
		if (variants[i].at == 8 && wanted->magic[18] != 8 && wanted->magic[19] != 8)
			continue;
		if (is_wanted && !is_taken)
			return false;
	}
	return true;
}

/* Why the existing entry is not sufficient; NULL if it is. */
static const char *shortcoming(const struct rule *entry, const struct register_item *item, bool is_serving,
	const struct exec_job *job, bool may_replace)
{
	unsigned differ = entry->flags ^ item->rule.flags;

	if (!entry->is_enabled)
		return "was disabled";
	if (differ & RULE_FIXED)
		return entry->flags & RULE_FIXED ? "was fixed" : "was not fixed";
	if (differ & RULE_CREDENTIALS)
		return entry->flags & RULE_CREDENTIALS ? "had C" : "had no C";
	if (differ & RULE_PRESERVE_ARGV0)
		return entry->flags & RULE_PRESERVE_ARGV0 ? "had P" : "had no P";
	if (!covers(entry, &item->rule, may_replace))
		return "matched other files";
	if (!is_serving)
		return "was shadowed";
	if (!(item->rule.flags & RULE_FIXED))
		return strcmp(entry->interpreter, item->rule.interpreter) ? "other emulator" : NULL;
	if (job->exe >= 0)
		return fd_same_content(job->exe, item->emulator.fd) == 1 ? NULL : "other emulator";
	/* If ptrace is denied, paths are compared: the same path is another file only after an upgrade. */
	return job->taker != EXEC_NOBODY && !strcmp(entry->interpreter, item->rule.interpreter) ? NULL
												: "other emulator";
}

static void decide_existing(const struct rule *entry, struct register_item *item, bool is_serving,
	const struct exec_job *job, const struct register_options *options)
{
	bool may_replace = options->replace;
	const char *why;

	if (!may_replace && !covers(entry, &item->rule, false) && !plan_owner(entry)) {
		err_set(&item->err, -EEXIST, "a handler of that name exists and takes other files");
		err_hint(&item->err, "--replace replaces it");
		item->result = REGISTER_REFUSED;
		return;
	}
	why = shortcoming(entry, item, is_serving, job, may_replace);
	if (!why && options->exact && strcmp(entry->interpreter, item->rule.interpreter))
		why = "other interpreter path";
	if (!why) {
		item->result = REGISTER_UNCHANGED;
		item->rule.flags = entry->flags;
		if (strcmp(entry->interpreter, item->rule.interpreter))
			snprintf(item->note, sizeof(item->note), "registered as %.70s", entry->interpreter);
		return;
	}
	item->replaces = true;
	snprintf(item->note, sizeof(item->note), "%s", why);
}

static void decide(const struct register_options *options, const struct table *table, struct register_item *item,
	const struct exec_job *job)
{
	const struct table_entry *named = table_find(table, item->rule.name);
	const struct table_entry *serving = table_match(table, job->probe.data, job->probe.size);

	if (named && named->is_odd) {
		item->result = REGISTER_REFUSED;
		err_set(&item->err, -EEXIST, "an entry of that name exists in an unknown form");
	} else if (named) {
		decide_existing(&named->rule, item, serving == named, job, options);
	} else if (serving && !options->replace && !replace_is_temporary(serving->rule.name, NULL, NULL)) {
		auto_buf name = { 0 };

		str_escape(&name, serving->rule.name, strlen(serving->rule.name));
		err_set(&item->err, -EEXIST, "another program's handler '%s' takes %s programs", buf_text(&name),
			arch_word(item->arch));
		err_hint(&item->err, "--replace registers a handler in front of it");
		item->result = REGISTER_REFUSED;
	}
}

int plan_against(const struct register_options *options, const struct table *table, struct register_report *report,
	struct err *e)
{
	auto_free struct exec_job *jobs = mem_new(report->n + 1, sizeof(*jobs));
	const struct exec_job *next = jobs;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < report->n; i++)
		if (report->items[i].result == REGISTER_PENDING && table_find(table, report->items[i].rule.name))
			jobs[n++] = exec_probe(report->items[i].arch, report->items[i].match);
	r = exec_trace(jobs, n, e);
	for (size_t i = 0; !r && i < report->n; i++) {
		struct register_item *item = &report->items[i];
		bool is_named = item->result == REGISTER_PENDING && table_find(table, item->rule.name);
		struct exec_job untraced = exec_probe(item->arch, item->match);

		if (item->result == REGISTER_PENDING)
			decide(options, table, item, is_named ? next : &untraced);
		next += is_named;
	}
	exec_close(jobs, n);
	return r;
}
