/* Exact-data match: a list of terms (customers, patients) that is held as keyed hashes only, so that neither memory nor
 * a file made by exact_write gives the terms away to who has not the key or does not guess them. Terms match whole
 * words, in any case, with or without diacritics, whatever stands between the words. */
#ifndef CLASSIFIERS_EXACT_H
#define CLASSIFIERS_EXACT_H

#include "base/buf.h"
#include "classifiers/classify.h"

/* A million terms take 17 MB; a text's words match one of them by chance once in 10^13. */
enum { EXACT_TERMS_MAX = 4000000, EXACT_WORDS_MAX = 8, EXACT_WORD_BYTES = 64, EXACT_LINE_MAX = 400 };

struct exact;

/* From lines of terms (then key is used), or from what exact_write wrote (then its own). NULL with err and diag. */
struct exact *exact_new(struct span text, const uint8_t key[16], struct span file, struct classifier_diag *diag,
			enum err *err) MUST;
void exact_free(struct exact *e);
size_t exact_bytes(const struct exact *e) MUST;
/* Terms hashed under the key: a header line with the key, then one line a term. */
enum err exact_write(struct span terms, const uint8_t key[16], struct buf *out, struct classifier_diag *diag) MUST;
/* Calls emit for each match. */
void exact_scan(const struct exact *e, struct span text, void (*emit)(void *arg, size_t start, size_t end), void *arg);
/* Key and hashes, for the content address. */
void exact_describe(const struct exact *e, void (*add)(void *arg, struct span bytes), void *arg);

#endif
