#include "proxy/gate/model_file.h"

enum err model_keys_add(struct model_keys *k, struct span text)
{
	text = span_trim(text);
	if (k->n == MODEL_KEYS || text.n >= MODEL_KEY_TEXT)
		return ERR_LIMIT;
	memcpy(k->text[k->n], text.p, text.n);
	enum err err = note_vkey_parse(span_of(k->text[k->n], text.n), &k->v[k->n]);
	k->n += err == ERR_OK;
	return err;
}

static enum err verify(const struct note *note, const struct model_keys *keys, struct model_file *out, const char **why)
{
	*why = "this bundle is not signed by a key that the configuration names under model_keys";
	for (size_t i = 0; i < keys->n; i++) {
		enum err err = note_verify(note, &keys->v[i]);
		if (err == ERR_VERIFY)
			*why = "the signature of this bundle is wrong: it was changed after it was signed";
		if (err == ERR_OK)
			out->signer = keys->v[i].name;
		if (err != ERR_NOT_FOUND)
			return err;
	}
	return ERR_VERIFY;
}

static enum err open_bundle(struct span file, const struct model_keys *keys, struct model_file *out, const char **why)
{
	struct note note;
	enum err err = bundle_open(file, &out->bundle);
	*why = err == ERR_VERSION ? "this bundle is of a version that this program does not know"
				  : "this bundle is damaged or cut short";
	if (err != ERR_OK)
		return err;
	if (note_parse(out->bundle.note, &note) != ERR_OK) {
		*why = "this bundle is not signed";
		return ERR_VERIFY;
	}
	if (keys != NULL && (err = verify(&note, keys, out, why)) != ERR_OK)
		return err;
	*why = "what this bundle says of itself cannot be read";
	if (bundle_manifest_parse(note.text, &out->manifest) != ERR_OK)
		return ERR_CORRUPT;
	*why = "this bundle does not hold what was signed";
	return bundle_check(&out->bundle, &out->manifest);
}

enum err model_file_open(struct span file, const struct model_keys *keys, struct model_file *out, const char **why)
{
	*out = (struct model_file){.model = file, .bundled = bundle_looks(file)};
	*why = "this model is not signed: install a bundle, or take model_keys out of the configuration";
	if (!out->bundled)
		return keys == NULL ? ERR_OK : ERR_VERIFY;
	enum err err = open_bundle(file, keys, out, why);
	out->model = out->bundle.model;
	return err;
}
