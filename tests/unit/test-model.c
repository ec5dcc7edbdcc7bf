// SPDX-License-Identifier: MIT
/* image/model over image/bundle: what an archive says of itself, its limits, and documents that are
 * cut or changed. */
#include "image/model.h"

#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "base/digest.h"
#include "check.h"

#define OCI    "application/vnd.oci.image."
#define LAYOUT "{\"imageLayoutVersion\": \"1.0.0\"}"

/* An archive that is being made. */
struct making {
	struct buf tar;
};

/* A descriptor of what was added, as JSON. */
struct descriptor {
	char text[400];
};

static struct descriptor add_blob(struct making *m, const char *type, const char *more, const char *data, size_t len)
{
	char digest[DIGEST_TEXT], name[100];
	struct descriptor d;

	digest_text(data, len, digest);
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	archive_bytes(&m->tar, name, data, len);
	snprintf(d.text, sizeof(d.text), "{\"mediaType\": \"" OCI "%s\", \"digest\": \"%s\", \"size\": %zu%s}", type,
		digest, len, more);
	return d;
}

static struct descriptor add_text(struct making *m, const char *type, const char *more, const struct buf *text)
{
	return add_blob(m, type, more, buf_text(text), text->len);
}

/* A manifest and its config, with so many layers, all of them the same. */
static struct descriptor add_image(struct making *m, const char *arch, const char *more, size_t layers)
{
	static unsigned count; /* no two images are the same */
	auto_buf config = { 0 }, manifest = { 0 };
	struct descriptor layer, of_config;
	char data[32];

	snprintf(data, sizeof(data), "layer %u", count);
	layer = add_blob(m, "layer.v1.tar", "", data, strlen(data));
	buf_addf(&config,
		"{\"architecture\": \"%s\", \"os\": \"linux\", \"author\": \"%u\", \"rootfs\": "
		"{\"diff_ids\": [",
		arch, count++);
	for (size_t i = 0; i < layers; i++)
		buf_addf(&config, "%s\"x\"", i ? ", " : "");
	buf_adds(&config, "]}}");
	of_config = add_text(m, "config.v1+json", "", &config);
	buf_addf(&manifest, "{\"schemaVersion\": 2, \"config\": %s, \"layers\": [", of_config.text);
	for (size_t i = 0; i < layers; i++)
		buf_addf(&manifest, "%s%s", i ? ", " : "", layer.text);
	buf_adds(&manifest, "]}");
	return add_text(m, "manifest.v1+json", more, &manifest);
}

static struct descriptor add_index(struct making *m, const char *more, const char *entries)
{
	auto_buf index = { 0 };

	buf_addf(&index, "{\"schemaVersion\": 2, \"manifests\": [%s]}", entries);
	return add_text(m, "index.v1+json", more, &index);
}

static void finish(struct making *m, const char *entries)
{
	auto_buf index = { 0 };

	buf_addf(&index, "{\"schemaVersion\": 2, \"manifests\": [%s]}", entries);
	archive_file(&m->tar, "oci-layout", LAYOUT);
	archive_file(&m->tar, "index.json", buf_text(&index));
	archive_end(&m->tar);
}

/* Reads it; the model is to be freed whatever comes back. */
static int read_tar(const struct buf *tar, struct model *ret, struct err *e)
{
	struct bundle *bundle = bundle_open(archive_open(tar->data, tar->len), e);
	int r;

	*ret = (struct model){ 0 };
	if (!bundle)
		return e ? e->code : -EBADMSG;
	r = model_read(bundle, ret, e);
	bundle_free(bundle);
	return r;
}

static void refused(const char *what, const struct buf *tar, int code, const char *words)
{
	struct model model;
	auto_err e = { 0 };

	check_code(what, read_tar(tar, &model, &e), code, &e);
	check_sentence(what, &e);
	check(e.message && strstr(e.message, words), "%s: '%s' without '%s'", what, e.message, words);
	model_done(&model);
	check(read_tar(tar, &model, NULL) == code, "%s: another result without an error to fill", what);
	model_done(&model);
}

static struct model good(const char *what, const struct buf *tar)
{
	struct model model;
	auto_err e = { 0 };

	check_code(what, read_tar(tar, &model, &e), 0, &e);
	return model;
}

static bool is_text(const char *got, const char *want)
{
	return want ? got && !strcmp(got, want) : !got;
}

static void an_index_with_platforms(void **state)
{
	static const char platform[] = ", \"platform\": {\"os\": \"linux\", \"architecture\": "
				       "\"arm\", \"variant\": \"v7\"}";
	static const char attestation[] = ", \"platform\": {\"os\": \"unknown\", \"architecture\": \"unknown\"}";
	struct making m = { 0 };
	struct descriptor image, other, index;
	auto_buf entries = { 0 };
	struct model model;

	(void)state;
	image = add_image(&m, "arm", platform, 2);
	other = add_image(&m, "amd64", "", 1);
	buf_addf(&entries, "%s, %s, %s", image.text, other.text, add_image(&m, "unknown", attestation, 0).text);
	index = add_index(
		&m, ", \"annotations\": {\"org.opencontainers.image.ref.name\": \"1.0\"}", buf_text(&entries));
	entries.len = 0;
	buf_addf(&entries, "%s, {\"mediaType\": \"text/html\", \"digest\": \"sha256:%064d\", \"size\": 1}", index.text,
		7);
	finish(&m, buf_text(&entries));
	model = good("an index", &m.tar);
	assert_int_equal(model.format, MODEL_OCI_ARCHIVE);
	assert_int_equal(model.n, 4);
	check(model.images[0].kind == MODEL_IMAGE && is_text(model.images[0].reference, "1.0") &&
			is_text(model.images[0].index_platform, "linux/arm/v7") &&
			is_text(model.images[0].architecture, "arm") && is_text(model.images[0].os, "linux") &&
			is_text(model.images[0].variant, NULL),
		"the first image");
	check(strstr(image.text, model.images[0].digest), "digest %s", model.images[0].digest);
	check(model.images[0].n_layers == 2 && !strcmp(model.images[0].layers[0], model.images[0].layers[1]) &&
			!strncmp(model.images[0].layers[0], "blobs/sha256/", 13),
		"layers");
	check(model.images[1].n_layers == 1 && is_text(model.images[1].index_platform, NULL), "the second image");
	check(model.images[2].kind == MODEL_ATTESTATION, "the attestation");
	check(model.images[3].kind == MODEL_ARTIFACT && !model.images[3].n_layers, "the artifact");
	model_done(&model);
	buf_done(&m.tar);
}

static void a_docker_archive(void **state)
{
	auto_buf tar = { 0 };
	struct model model;
	char digest[DIGEST_TEXT];
	static const char config[] = "{\"architecture\": \"arm\", \"variant\": \"v6\", \"os\": "
				     "\"linux\", \"rootfs\": {\"diff_ids\": [1, 2]}}";

	(void)state;
	archive_file(&tar, "c.json", config);
	archive_file(&tar, "manifest.json",
		"[{\"Config\": \"c.json\", \"RepoTags\": [\"a:1\", \"b:2\"], \"Layers\": [\"x\", "
		"\"y\"]},"
		" {\"Config\": \"c.json\", \"RepoTags\": null, \"Layers\": [\"y\", \"x\"]}]");
	archive_end(&tar);
	digest_text(config, strlen(config), digest);
	model = good("docker", &tar);
	assert_int_equal(model.format, MODEL_DOCKER_ARCHIVE);
	assert_int_equal(model.n, 2);
	check(is_text(model.images[0].reference, "a:1") && is_text(model.images[1].reference, NULL), "references");
	check(is_text(model.images[0].digest, digest) && is_text(model.images[0].variant, "v6"), "config");
	check(is_text(model.images[0].layers[0], "x") && is_text(model.images[1].layers[0], "y"), "layers");
	model_done(&model);
}

/* index.json is the first of them. */
static void nesting_has_a_limit(void **state)
{
	(void)state;
	for (unsigned depth = 1; depth <= MODEL_DEPTH_MAX + 2; depth++) {
		struct making m = { 0 };
		struct descriptor at = add_image(&m, "arm", "", 1);
		struct model model;

		for (unsigned i = 1; i < depth; i++)
			at = add_index(&m, "", at.text);
		finish(&m, at.text);
		if (depth <= MODEL_DEPTH_MAX) {
			model = good("nested", &m.tar);
			check(model.n == 1, "%u deep: %zu images", depth, model.n);
			model_done(&model);
		} else {
			refused("nested too deep", &m.tar, -EBADMSG, "deep");
		}
		buf_done(&m.tar);
	}
}

static void numbers_have_limits(void **state)
{
	static const struct {
		size_t images, layers;
		int code;
		const char *words;
	} cases[] = {
		{ MODEL_IMAGES_MAX, 1, 0, "" },
		{ MODEL_IMAGES_MAX + 1, 1, -E2BIG, "more than 256 images" },
		{ 1, MODEL_LAYERS_MAX, 0, "" },
		{ 1, MODEL_LAYERS_MAX + 1, -EBADMSG, "1024 layers" },
		{ 8, MODEL_LAYERS_SUM / 8, 0, "" },
		{ 9, MODEL_LAYERS_SUM / 8, -E2BIG, "layers" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct making m = { 0 };
		auto_buf entries = { 0 };
		struct model model;

		for (size_t k = 0; k < cases[i].images; k++)
			buf_addf(&entries, "%s%s", k ? ", " : "", add_image(&m, "arm", "", cases[i].layers).text);
		finish(&m, buf_text(&entries));
		if (cases[i].code) {
			refused("too many", &m.tar, cases[i].code, cases[i].words);
		} else {
			model = good("many", &m.tar);
			check(model.n == cases[i].images, "%zu images", model.n);
			model_done(&model);
		}
		buf_done(&m.tar);
	}
}

static void documents_have_a_limit(void **state)
{
	static const char *const names[] = { "oci-layout", "index.json", "manifest.json" };
	auto_free char *blanks = malloc(BUNDLE_JSON_MAX + 1);

	(void)state;
	assert_non_null(blanks);
	memset(blanks, ' ', BUNDLE_JSON_MAX + 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t over = 0; over < 2; over++) {
			auto_buf tar = { 0 };

			archive_bytes(&tar, names[i], blanks, BUNDLE_JSON_MAX + over);
			if (i == 1)
				archive_file(&tar, "oci-layout", LAYOUT);
			archive_end(&tar);
			refused(names[i], &tar, over ? -E2BIG : -EBADMSG, over ? "more than" : "JSON");
		}
}

/* The documents of a good archive of each kind, so that one of them can be replaced. */
enum document { CONFIG = 0, MANIFEST, INDEX, LAYOUT_FILE, DOCKER, DOCUMENTS };

/* The text in place of one of them (NULL: none), with digests that fit. */
static struct buf archive_with(enum document which, const char *text, size_t len, char original[4096])
{
	struct making m = { 0 };
	struct descriptor layer = add_blob(&m, "layer.v1.tar", "", "layer", 5), config, manifest;
	char texts[DOCUMENTS][1024];
	size_t sizes[DOCUMENTS];
	const char *at[DOCUMENTS];

#define TEXT(document, ...)                                                                                            \
	do {                                                                                                           \
		snprintf(texts[document], sizeof(texts[document]), __VA_ARGS__);                                       \
		at[document] = which == document && text ? text : texts[document];                                     \
		sizes[document] = which == document && text ? len : strlen(texts[document]);                           \
	} while (0)
	TEXT(CONFIG, "{\"architecture\": \"arm\", \"os\": \"linux\", \"variant\": \"v7\", "
		     "\"rootfs\": {\"diff_ids\": [\"x\"]}}");
	config = add_blob(&m, "config.v1+json", "", at[CONFIG], sizes[CONFIG]);
	TEXT(MANIFEST,
		"{\"schemaVersion\": 2, \"mediaType\": \"" OCI "manifest.v1+json\", \"config\": %s, \"layers\": [%s]}",
		config.text, layer.text);
	manifest = add_blob(&m, "manifest.v1+json", "", at[MANIFEST], sizes[MANIFEST]);
	TEXT(INDEX, "{\"schemaVersion\": 2, \"manifests\": [%s]}", manifest.text);
	TEXT(LAYOUT_FILE, LAYOUT);
	TEXT(DOCKER, "[{\"Config\": \"c.json\", \"RepoTags\": [\"a:1\"], \"Layers\": [\"layer.tar\"]}]");
#undef TEXT
	if (which == DOCKER) {
		m.tar.len = 0;
		archive_bytes(&m.tar, "c.json", at[CONFIG], sizes[CONFIG]);
		archive_bytes(&m.tar, "manifest.json", at[DOCKER], sizes[DOCKER]);
	} else {
		archive_bytes(&m.tar, "index.json", at[INDEX], sizes[INDEX]);
		archive_bytes(&m.tar, "oci-layout", at[LAYOUT_FILE], sizes[LAYOUT_FILE]);
	}
	archive_end(&m.tar);
	if (original)
		snprintf(original, 4096, "%s", texts[which]);
	return m.tar;
}

static void cut_documents_are_refused(void **state)
{
	(void)state;
	for (unsigned which = 0; which < DOCUMENTS; which++) {
		char text[4096];
		auto_buf whole = archive_with(which, NULL, 0, text);
		struct model model = good("whole", &whole);

		check(model.n == 1 && model.images[0].kind == MODEL_IMAGE, "document %u", which);
		model_done(&model);
		for (size_t len = 0; len < strlen(text); len++) {
			auto_buf tar = archive_with(which, text, len, NULL);

			refused("a cut document", &tar, -EBADMSG, "JSON");
		}
	}
}

/* Whatever stands there: it is read, or refused in words, and nothing is lost (the sanitizers see
 * it). */
static void changed_documents_are_survived(void **state)
{
	static const char others[] = "\"{[,0\\\xff\0"; /* and the NUL at its end */

	(void)state;
	for (unsigned which = 0; which < DOCUMENTS; which++) {
		char text[4096];
		auto_buf whole = archive_with(which, NULL, 0, text);
		size_t len = whole.len ? strlen(text) : 0;

		for (size_t at = 0; at < len; at++)
			for (size_t i = 0; i < sizeof(others); i++) {
				char before = text[at];
				auto_buf tar = { 0 };
				struct model model;
				auto_err e = { 0 };
				int r;

				text[at] = others[i];
				tar = archive_with(which, text, len, NULL);
				r = read_tar(&tar, &model, &e);
				check(r == 0 || r == -EBADMSG || r == -ENODATA || r == -ENOENT || r == -E2BIG,
					"document %u, byte %zu: %d", which, at, r);
				check(!r || (e.code == r && e.message), "document %u, byte %zu: no sentence", which,
					at);
				model_done(&model);
				text[at] = before;
			}
	}
}

static void members_that_are_no_file(void **state)
{
	static const char types[] = "123456";

	(void)state;
	for (size_t i = 0; types[i]; i++) {
		auto_buf tar = { 0 };

		archive_file(&tar, "oci-layout", LAYOUT);
		archive_link(&tar, "index.json", "nothing", types[i]);
		archive_end(&tar);
		refused("an index that is no file", &tar, types[i] == '5' ? -ENOENT : -EBADMSG, "index.json");
	}
}

/* One link inside the archive is followed, whatever comes first. */
static void links_inside_are_followed_once(void **state)
{
	static const struct {
		const char *name, *target;
		char type;
		bool is_followed;
	} cases[] = {
		{ "a/x", "../real/file", '2', true },
		{ "a/x", "/real/file", '2', true },
		{ "a/b/c/x", "../../../real/file", '2', true },
		{ "x", "./real/./file", '2', true },
		{ "x", "real//file", '2', true },
		{ "x", "real/file", '1', true },
		{ "./x", "./real/file", '1', true },
		{ "a/x", "real/file", '2', false },
		{ "a/x", "../../real/file", '2', false },
		{ "x", "real", '2', false },
		{ "x", "x", '2', false },
		{ "x", "", '2', false },
		{ "x", "..", '2', false },
		{ "x", "../real/file", '1', false },
		{ "x", "link", '2', false },
		{ "x", "/", '2', false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf tar = { 0 };
		struct member member = MEMBER_INIT;
		struct bundle *bundle;
		auto_err e = { 0 };
		int r;

		archive_link(&tar, cases[i].name, cases[i].target, cases[i].type);
		archive_file(&tar, "real/file", "content");
		archive_link(&tar, "link", "real/file", '2');
		archive_end(&tar);
		bundle = bundle_open(archive_open(tar.data, tar.len), &e);
		assert_non_null(bundle);
		r = bundle_find(bundle, cases[i].name, &member, &e);
		check(r == (cases[i].is_followed ? 0 : -EBADMSG), "%s to %s: %d %s", cases[i].name, cases[i].target, r,
			e.message);
		check(r || member.size == 7, "%s: %llu bytes", cases[i].target, (unsigned long long)member.size);
		member_done(&member);
		bundle_free(bundle);
	}
}

static void nothing_is_left_open(void **state)
{
	unsigned before = count_fds();
	auto_buf tar = archive_with(DOCKER, NULL, 0, NULL), bad = archive_with(DOCKER, "[", 1, NULL);
	struct model model = good("docker", &tar);

	(void)state;
	model_done(&model);
	refused("bad", &bad, -EBADMSG, "JSON");
	bad.len = 700;
	refused("cut", &bad, -EBADMSG, "");
	check(count_fds() == before, "%u descriptors instead of %u", count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(an_index_with_platforms),
		unit(a_docker_archive),
		unit(nesting_has_a_limit),
		unit(numbers_have_limits),
		unit(documents_have_a_limit),
		unit(cut_documents_are_refused),
		unit(changed_documents_are_survived),
		unit(members_that_are_no_file),
		unit(links_inside_are_followed_once),
		unit(nothing_is_left_open),
	};

	setenv("TMPDIR", "/nowhere", 1); /* a plain archive is read in place */
	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
