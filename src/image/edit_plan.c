// SPDX-License-Identifier: MIT
/* Plans a change of a bundle's images: all of its documents, in both schemas, before anything is written. */
#include "image/edit.h"

/* Only manifest.json was used: the OCI half of the archive would refer to removed documents. */
static void drop_oci_half(const struct bundle *bundle, struct edit *edit)
{
	if (!edit->n || !bundle_has(bundle, "index.json"))
		return;
	edit->drops_oci_half = true;
	edit_add_obsolete(edit, "index.json");
	edit_add_obsolete(edit, "oci-layout");
}

/* An image that model_read() would refuse could not be ejected. */
static int check_limits(const struct edit *edit, const struct edit_target *targets, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (targets[i].is_done && targets[i].graft && !targets[i].replaces &&
			targets[i].n_layers >= MODEL_LAYERS_MAX)
			return err_set(e, -E2BIG, "it has %zu layers, and no more than %d are possible",
				targets[i].n_layers, MODEL_LAYERS_MAX);
	for (size_t i = 0; i < edit->n; i++)
		if (edit->members[i].text.len > BUNDLE_JSON_MAX)
			return err_set(
				e, -E2BIG, "%s would have more than %d bytes", edit->members[i].name, BUNDLE_JSON_MAX);
	return 0;
}

int edit_plan(const struct edit_request *request, struct edit *ret, struct err *e)
{
	struct edit_request own = *request;
	struct edit edit = { 0 };
	int r = 0;

	own.reference = own.format == MODEL_DUAL ? NULL : own.reference;
	if (own.format != MODEL_DOCKER_ARCHIVE)
		r = edit_oci(&own, &edit, e);
	if (!r && (own.format == MODEL_DOCKER_ARCHIVE || own.format == MODEL_DUAL))
		r = edit_docker(&own, &edit, e);
	if (!r && own.format == MODEL_DOCKER_ARCHIVE)
		drop_oci_half(own.bundle, &edit);
	if (!r)
		r = check_limits(&edit, own.targets, own.n, e);
	if (r)
		edit_done(&edit);
	else
		*ret = edit;
	return r;
}
