// SPDX-License-Identifier: MIT
/* Output of inspect, as text and JSON. */
#include "cli/render_inspect.h"

#include <stdarg.h>

#include "base/memory.h"

/* Prints one fact: the key padded, the value escaped. Prints nothing for an empty value. */
static void render_fact(const char *key, const char *value)
{
	if (value && *value)
		say_line("%-13s %s", key, value);
}

PRINTF_LIKE(2, 3) static void fact(const char *key, const char *fmt, ...)
{
	auto_free char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = mem_vprint(fmt, ap);
	va_end(ap);
	render_fact(key, value);
}

/* Prints what inject recorded about native tools, for image i, or 0 for a root; nothing without a record. */
static void render_tools(const struct inspection *inspection, size_t i)
{
	const struct json *document = i < inspection->n_tools ? inspection->tools[i] : NULL;
	auto_buf names = { 0 };

	inspect_natives(document, &names);
	if (names.len)
		render_fact("native tools:", buf_text(&names));
	for (size_t k = 0; k < jv_count(jv_get(document, "emulated")); k++) {
		auto_buf line = { 0 };

		if (inspect_emulated(document, k, &line))
			render_fact("emulated:", buf_text(&line));
	}
}

/* Sets "accelerated" and "emulated", the keys that inject uses. */
static void json_tools(struct json *o, const struct inspection *inspection, size_t i)
{
	const struct json *document = i < inspection->n_tools ? inspection->tools[i] : NULL;
	const struct json *list = jv_get(document, "accelerated"), *others = jv_get(document, "emulated");
	struct json *accelerated = document ? jv_array() : jv_null(), *emulated = document ? jv_array() : jv_null();

	for (size_t k = 0; k < jv_count(list); k++)
		if (jv_as_text(jv_at(list, k)))
			jv_push(accelerated, jv_text(jv_as_text(jv_at(list, k))));
	for (size_t k = 0; k < jv_count(others); k++) {
		struct json *one = jv_object();

		jv_set(one, "tool", jv_text(inspect_told(others, k, "tool")));
		jv_set(one, "why", jv_text(inspect_told(others, k, "why")));
		jv_push(emulated, one);
	}
	jv_set(o, "accelerated", accelerated);
	jv_set(o, "emulated", emulated);
}

static const char *words_or_dash(const char *word)
{
	return *word ? word : "-";
}

static void fact_platform(const struct platform *p)
{
	struct name_words w = name_words(p);

	render_fact("platform:", name_text(p).text);
	fact("also called:", "docker %s, debian %s, alpine %s, uname %s, gnu %s", words_or_dash(w.docker),
		words_or_dash(w.debian), words_or_dash(w.alpine), words_or_dash(w.uname), words_or_dash(w.gnu));
}

static void fact_emulator(const struct arch *arch)
{
	if (arch && arch != arch_host())
		fact("emulator:", "qemu-%s", arch->qemu);
	else
		render_fact("emulator:", arch ? "not needed" : "QEMU has none");
}

static void render_elf(const struct elf_info *elf, const struct file_facts *facts)
{
	auto_free char *number = mem_print("machine %u", elf->head.machine);
	const char *machine = abi_machine(elf->head.machine);
	auto_buf abi = { 0 };

	fact("type:", "ELF %u-bit %s-endian %s, %s%s", elf->head.bits, elf->head.is_big ? "big" : "little",
		machine ? machine : number, elf_linkage_words[elf->linkage], elf->is_truncated ? ", truncated" : "");
	abi_describe(&abi, elf);
	render_fact("abi:", buf_text(&abi));
	render_fact("os abi:", abi_os(&elf->head));
	if (elf->has_interpreter)
		fact("interpreter:", "%s%s", elf->interpreter, facts->has_loader ? "" : " (not there)");
	if (facts->has_platform)
		fact_platform(&facts->platform);
	fact_emulator(facts->has_platform ? facts->platform.arch : NULL);
}

/* The platform's names in other naming schemes. */
static struct json *json_names(const struct platform *p)
{
	struct name_words w = p ? name_words(p) : (struct name_words){ 0 };
	const struct {
		const char *key, *word;
	} names[] = { { "docker", w.docker }, { "debian", w.debian }, { "alpine", w.alpine }, { "uname", w.uname },
		{ "gnu", w.gnu } };
	struct json *o = p ? jv_object() : jv_null();

	for (size_t i = 0; p && i < ARRAY_SIZE(names); i++)
		jv_set(o, names[i].key, *names[i].word ? jv_text(names[i].word) : jv_null());
	return o;
}

static void set_platform(struct json *o, const struct platform *p)
{
	jv_set(o, "platform", jv_text(p && p->arch->oci ? name_text(p).text : NULL));
	jv_set(o, "arch", jv_text(p ? p->arch->qemu : NULL));
	jv_set(o, "native", jv_bool(p && p->arch == arch_host()));
}

static struct json *json_file(const char *target, const struct file_facts *facts)
{
	struct json *o = jv_object(), *steps = jv_array();
	const struct platform *platform = facts->has_platform ? &facts->platform : NULL;
	bool is_elf = facts->n && facts->steps[facts->n - 1].is_elf;

	jv_set(o, "target", jv_text(target));
	jv_set(o, "kind", jv_text("file"));
	set_platform(o, platform);
	jv_set(o, "interpreter_present",
		is_elf && facts->steps[facts->n - 1].elf.has_interpreter ? jv_bool(facts->has_loader) : jv_null());
	for (size_t i = 0; i < facts->n; i++) {
		const struct elf_info *elf = &facts->steps[i].elf;
		struct json *step = jv_object(), *one;
		auto_buf abi = { 0 };

		jv_push(steps, step);
		jv_set(step, "path", jv_text(facts->steps[i].path));
		jv_set(step, "type", jv_text(facts->steps[i].is_elf ? "elf" : "script"));
		if (!facts->steps[i].is_elf) {
			jv_set(step, "command", jv_text(facts->steps[i].command));
			continue;
		}
		one = jv_object();
		abi_describe(&abi, elf);
		jv_set(one, "bits", jv_uint(elf->head.bits));
		jv_set(one, "byte_order", jv_text(elf->head.is_big ? "big" : "little"));
		jv_set(one, "machine_number", jv_uint(elf->head.machine));
		jv_set(one, "machine", jv_text(abi_machine(elf->head.machine)));
		jv_set(one, "flags", jv_uint(elf->head.flags));
		jv_set(one, "abi", abi.len ? jv_text(buf_text(&abi)) : jv_null());
		jv_set(one, "os_abi", jv_text(abi_os(&elf->head)));
		jv_set(one, "linkage", jv_text(elf_linkage_words[elf->linkage]));
		jv_set(one, "interpreter", elf->has_interpreter ? jv_text(elf->interpreter) : jv_null());
		jv_set(one, "truncated", jv_bool(elf->is_truncated));
		jv_set(step, "elf", one);
	}
	jv_set(o, "steps", steps);
	jv_set(o, "missing", jv_text(facts->missing));
	jv_set(o, "too_deep", jv_bool(facts->is_too_deep));
	jv_set(o, "names", json_names(platform));
	return o;
}

static void render_found(const struct content *content, bool count_all)
{
	render_fact("system:", content->system);
	if (content->has_platform) {
		fact_platform(&content->platform);
		render_fact("judged by:", content->decided_by ? content->decided_by : "most of its files");
		fact_emulator(content->platform.arch);
	} else {
		render_fact("platform:", "unknown: no program found");
	}
	for (size_t i = 0; (count_all || content->is_mixed) && i < content->tally.n; i++) {
		const struct tally_kind *kind = &content->tally.kinds[i];
		auto_buf line = { 0 };

		tally_name(&line, kind);
		buf_addf(&line, ": %lu file%s", kind->count, kind->count == 1 ? "" : "s");
		for (size_t k = 0; k < TALLY_EXAMPLES && kind->examples[k]; k++)
			buf_addf(&line, "%s%s", k ? ", " : "  (", kind->examples[k]);
		buf_adds(&line, kind->count > TALLY_EXAMPLES ? ", ...)" : ")");
		render_fact(i ? "" : count_all ? "all ELF files:" : "looked at:", buf_text(&line));
	}
	if (content->is_mixed)
		render_fact("mixed:", "yes");
	for (size_t i = 0; i < content->n_emulators; i++) {
		const struct content_emulator *em = &content->emulators[i];

		fact("contains:", "%s, QEMU %s for %s, runs on %s%s%s", em->path, em->version, em->arch->qemu,
			em->host ? em->host->qemu : "something else", *em->refused ? "; no handler can use it: " : "",
			em->refused);
	}
}

static void render_image(const struct image_facts *facts, const struct json *names, bool count_all)
{
	static const char *const kinds[] = { NULL, "attestation", "artifact, nothing that runs", "not in this file" };
	const struct model_image *image = facts->image;
	bool has_index = image->index_platform, has_label = image->architecture,
	     has_files = facts->content.has_platform;
	auto_buf label = { 0 };

	puts("");
	for (size_t i = 0; i < jv_count(names); i++)
		render_fact("name:", jv_as_text(jv_at(names, i)));
	render_fact("digest:", image->digest);
	if (image->kind != MODEL_IMAGE) {
		render_fact("index says:", image->kind == MODEL_ABSENT ? image->index_platform : NULL);
		render_fact("kind:", kinds[image->kind]);
		return;
	}
	image_label(&label, image);
	render_fact("label:", buf_text(&label));
	render_fact("index says:", image->index_platform);
	if (facts->err.code) {
		render_fact("unreadable:", facts->err.message);
		return;
	}
	render_found(&facts->content, count_all);
	if (!facts->agrees)
		fact("wrong label:", "%s%s%s%s%s do not agree", has_index ? "index" : "",
			!has_index || !has_label ? ""
			: has_files		 ? ", "
						 : " and ",
			has_label ? "label" : "", has_files && (has_index || has_label) ? " and " : "",
			has_files ? "files" : "");
	if (image->is_second_half)
		render_fact("only in:", "manifest.json: readers of the OCI half see another image");
	if (facts->is_incomplete)
		render_fact("incomplete:", "a layer is not in the file");
}

static struct json *json_content(
	const char *target, const char *kind, const struct content *content, unsigned long skipped)
{
	struct json *o = jv_object(), *emulators = jv_array(), *files = jv_array();
	const struct platform *platform = content->has_platform ? &content->platform : NULL;

	for (size_t i = 0; i < content->n_emulators; i++) {
		const struct content_emulator *em = &content->emulators[i];
		struct json *one = jv_object();

		jv_set(one, "path", jv_text(em->path));
		jv_set(one, "arch", jv_text(em->arch->qemu));
		jv_set(one, "host", jv_text(em->host ? em->host->qemu : NULL));
		jv_set(one, "version", jv_text(em->version));
		jv_set(one, "refused", jv_text(*em->refused ? em->refused : NULL));
		jv_push(emulators, one);
	}
	for (size_t i = 0; i < content->tally.n; i++) {
		const struct tally_kind *counted = &content->tally.kinds[i];
		struct json *one = jv_object(), *examples = jv_array();
		auto_buf name = { 0 };

		tally_name(&name, counted);
		for (size_t k = 0; k < TALLY_EXAMPLES && counted->examples[k]; k++)
			jv_push(examples, jv_text(counted->examples[k]));
		jv_set(one, "arch", jv_text(buf_text(&name)));
		jv_set(one, "files", jv_uint(counted->count));
		jv_set(one, "examples", examples);
		jv_push(files, one);
	}
	jv_set(o, "target", jv_text(target));
	jv_set(o, "kind", jv_text(kind));
	set_platform(o, platform);
	jv_set(o, "names", json_names(platform));
	jv_set(o, "judged_by", jv_text(content->decided_by));
	jv_set(o, "system", *content->system ? jv_text(content->system) : jv_null());
	jv_set(o, "mixed", jv_bool(content->is_mixed));
	jv_set(o, "files", files);
	jv_set(o, "emulators", emulators);
	jv_set(o, "unreadable", jv_uint(skipped));
	return o;
}

void render_inspection(const char *target, const struct inspection *inspection, bool counts_all)
{
	const struct image_report *report = &inspection->report;

	if (inspection->target.kind == TARGET_FILE) {
		render_fact("file:", target);
		for (size_t i = 0; i < inspection->file.n; i++) {
			const struct file_step *step = &inspection->file.steps[i];

			if (i)
				render_fact("runs:", step->path);
			if (step->is_elf) {
				render_elf(&step->elf, &inspection->file);
			} else {
				render_fact("type:", "script");
				render_fact("command:", step->command);
			}
		}
		if (inspection->file.missing)
			fact("runs:", "%s (not there)", inspection->file.missing);
		if (inspection->file.is_too_deep)
			render_fact("runs:", "more nested scripts than the kernel follows");
	} else if (inspection->target.kind == TARGET_ROOT) {
		render_fact(inspection->target.is_disk ? "disk image:" : "root:", target);
		if (inspection->target.partition)
			fact("partition:", "%u", inspection->target.partition);
		render_found(&inspection->content, counts_all);
		render_tools(inspection, 0);
		if (inspection->skipped)
			fact("unreadable:", "%lu", inspection->skipped);
	} else {
		render_fact(model_format_words[report->model.format], target);
	}
	for (size_t i = 0; i < report->model.n; i++) {
		auto_json *names = inspect_shows(inspection, i) ? image_names(report, i) : NULL;

		if (!names)
			continue;
		render_image(&report->facts[i], names, counts_all);
		render_tools(inspection, i);
	}
}

static void add_platform(struct buf *line, bool is_known, const struct platform *p)
{
	buf_addf(line, "%s%s", line->len ? ", " : "", is_known ? name_text(p).text : "unknown platform");
}

void render_platforms(const char *target, const struct inspection *inspection)
{
	const struct image_report *report = &inspection->report;
	auto_buf line = { 0 };

	if (inspection->target.kind == TARGET_FILE)
		add_platform(&line, inspection->file.has_platform, &inspection->file.platform);
	else if (inspection->target.kind == TARGET_ROOT)
		add_platform(&line, inspection->content.has_platform, &inspection->content.platform);
	for (size_t i = 0; i < report->model.n; i++)
		if (report->facts[i].image->kind == MODEL_IMAGE && inspect_shows(inspection, i))
			add_platform(&line, report->facts[i].content.has_platform, &report->facts[i].content.platform);
	say_line("%s: %s", target, line.len ? buf_text(&line) : "no image that runs");
}

void json_inspection(const char *target, const struct inspection *inspection, struct json *list)
{
	static const char *const kinds[] = { "image", "attestation", "artifact", "absent" };
	const struct image_report *report = &inspection->report;

	if (inspection->target.kind == TARGET_FILE)
		jv_push(list, json_file(target, &inspection->file));
	if (inspection->target.kind == TARGET_ROOT) {
		struct json *o = json_content(target, "rootfs", &inspection->content, inspection->skipped);
		unsigned partition = inspection->target.partition;

		jv_set(o, "partition", partition ? jv_uint(partition) : jv_null());
		json_tools(o, inspection, 0);
		jv_push(list, o);
	}
	for (size_t i = 0; i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];
		const struct model_image *image = facts->image;
		bool is_image = image->kind == MODEL_IMAGE;
		auto_buf label = { 0 };
		struct json *o;

		if (!inspect_shows(inspection, i))
			continue;
		o = json_content(target, kinds[image->kind], &facts->content, 0);
		image_label(&label, image);
		jv_set(o, "format", jv_text(model_format_words[report->model.format]));
		jv_set(o, "reference", jv_text(image->reference));
		jv_set(o, "references", image_names(report, i));
		jv_set(o, "digest", jv_text(image->digest));
		jv_set(o, "label", is_image ? jv_text(buf_text(&label)) : jv_null());
		jv_set(o, "index_platform", jv_text(image->index_platform));
		jv_set(o, "label_agrees", is_image ? jv_bool(facts->agrees) : jv_null());
		jv_set(o, "incomplete", jv_bool(facts->is_incomplete));
		jv_set(o, "error", jv_text(facts->err.message));
		json_tools(o, inspection, i);
		jv_push(list, o);
	}
}
