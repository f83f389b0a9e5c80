/* A model from outside the program: a bundle, or a bare model where no key is asked for. Where the configuration names
 * keys, nothing is used that none of them signed. */
#ifndef GATE_MODEL_FILE_H
#define GATE_MODEL_FILE_H

#include "audit/format/note.h"
#include "local_model/bundle.h"

enum { MODEL_KEYS = 8, MODEL_KEY_TEXT = 512 };

/* Verifier keys ("name+hex8+base64", C2SP signed-note). */
struct model_keys {
	struct note_vkey v[MODEL_KEYS];
	char text[MODEL_KEYS][MODEL_KEY_TEXT]; /* the names point into it: not to be copied */
	size_t n;
};
/* The key in a file's text, on a line of its own. ERR_LIMIT: too many; ERR_SYNTAX: not a key. */
enum err model_keys_add(struct model_keys *k, struct span text) MUST;

struct model_file {
	struct span model; /* for the tagger */
	bool bundled;      /* else all below is empty */
	struct bundle bundle;
	struct bundle_manifest manifest;
	struct span signer; /* name of the key; null: nobody asked for a signature */
};

/* Spans point into the file, and the signer's name into the keys. keys may be NULL: then no signature is asked for. On
 * failure *why is a sentence. ERR_VERIFY: the signature is missing or wrong; ERR_VERSION, ERR_CORRUPT: as bundle_open
 * and bundle_check. A bare model is looked at by nobody but tagger_new. */
enum err model_file_open(struct span file, const struct model_keys *keys, struct model_file *out,
			 const char **why) MUST;

#endif
