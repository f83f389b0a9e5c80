/* A bundle: a model with what it takes to trust it, in one file, so that it is put in place by one rename. Pure: the
 * signature is checked by the caller, who has the keys.
 *
 *   0  "BWBUNDLE"   8 u32 version   12 u32 size of the model   16 of the note   20 of the self-test   24 of the remark
 *  28-63 zero; then model, note, self-test, remark, and nothing behind them; little-endian.
 *
 * The note is a signed note (C2SP signed-note, Ed25519) whose text, the manifest, has exactly these lines:
 *
 *     bailiwick-model/1
 *     name tagger                     a-z, 0-9, '.', '-', '_'
 *     version 2.1                     that and A-Z, '+'
 *     sequence 7                      from 1 on; a greater one replaces a smaller one, never the other way round
 *     languages de,en                 what the model is meant for, or '-'
 *     model 2131008 <SHA-256 in hex>  of the model's bytes
 *     test 40960 <SHA-256 in hex>     of the self-test's
 *     recall 850                      the least share of the self-test's mentions that must be found, in thousandths
 *     precision 800                   the least share of found tokens that must lie in mentions
 *
 * The self-test is annotated prompts (train/prompts). The remark says why a bundle was installed, where that needs a
 * reason: it is the installer's, not the maker's, and not signed. */
#ifndef LOCAL_MODEL_BUNDLE_H
#define LOCAL_MODEL_BUNDLE_H

#include "base/buf.h"

enum { BUNDLE_VERSION = 1, BUNDLE_HEADER = 64, BUNDLE_MAX = 64 << 20, BUNDLE_WORD = 64, BUNDLE_REMARK = 240 };

struct bundle {
	struct span model, note, test, remark;
};

struct bundle_part {
	uint64_t size;
	uint8_t sha256[32];
};

struct bundle_manifest {
	struct span name, version, languages; /* point into the text */
	uint64_t sequence;
	struct bundle_part model, test;
	uint64_t recall, precision; /* thousandths */
};

/* Does it begin like one? Whether it is one, bundle_open says. */
bool bundle_looks(struct span file) MUST;
/* Spans point into the file. ERR_VERSION: of another version; ERR_CORRUPT: anything else that is wrong. */
enum err bundle_open(struct span file, struct bundle *out) MUST;
/* Appends the file. ERR_LIMIT if a part is larger than a bundle may hold or the remark is not one line of text. */
enum err bundle_format(const struct bundle *b, struct buf *out) MUST;

/* ERR_SYNTAX unless the text is exactly what bundle_manifest_format makes of it. */
enum err bundle_manifest_parse(struct span text, struct bundle_manifest *out) MUST;
/* ERR_SYNTAX if it could not be read again. */
enum err bundle_manifest_format(const struct bundle_manifest *m, struct buf *out) MUST;
struct bundle_part bundle_part_of(struct span bytes) MUST;
/* Are model and self-test those that the manifest names? ERR_CORRUPT. */
enum err bundle_check(const struct bundle *b, const struct bundle_manifest *m) MUST;

#endif
