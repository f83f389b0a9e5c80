/* Keys with their vendor's mark (vendor_keys.def): pictures filed by the character they begin with. */
#ifndef CLASSIFIERS_VENDOR_KEYS_H
#define CLASSIFIERS_VENDOR_KEYS_H

#include "base/span.h"
#include "classifiers/detector.h"

enum { VENDOR_FILE_MAX = 48 };

struct vendor_keys {
	uint8_t file[128][VENDOR_FILE_MAX]; /* rows of the table by first character */
	uint8_t n[128];
};

/* Built from the table alone; a bad picture there is a broken build (invariant). */
void vendor_keys_init(struct vendor_keys *v);
/* The key that text begins with: its length, and which it is; 0: none. */
size_t vendor_keys_match(const struct vendor_keys *v, struct span text, enum detector_id *id) MUST;
/* The letters and digits that a picture begins with, as many as n; 0 if it begins with a run. For the prefilter. */
size_t vendor_keys_head(size_t row, char *head, size_t n) MUST;
size_t vendor_keys_count(void) MUST;

#endif
