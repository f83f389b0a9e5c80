/* A unit: what is inspected and decided at once. An exchange has one (later several: batch lines, WebSocket messages).
 */
#ifndef GATE_UNIT_H
#define GATE_UNIT_H

#include "audit/format/record.h"
#include "classifiers/classify.h"
#include "proxy/gate/snapshot.h"
#include "proxy/wire/api.h"

enum { UNIT_MAX_CANDIDATES = 16 };

/* Findings of one text of the unit, kept for transforms. */
struct unit_text {
	size_t text; /* index into extract.texts */
	struct findings findings;
};

struct unit {
	struct span body; /* the JSON that was read: decoded if a content coding was applied */
	struct api_extract extract;
	struct api_problem problem; /* why extract failed */
	struct hash128 *prints;     /* fingerprint of each text that the ledger may know; others are not set */
	struct unit_text *found;    /* texts with findings */
	size_t n_found;
	class_set stuck; /* classes found where nothing can be replaced: head, numbers, joints of texts */
	struct facts facts;
	struct record_candidate *candidates[UNIT_MAX_CANDIDATES]; /* judged so far, in route order */
	size_t target[UNIT_MAX_CANDIDATES];                       /* which target each of them is */
	size_t n_candidates;
	int chosen;                /* index into candidates, or -1 */
	struct span rule, contact; /* for the refusal: the deciding rule unless private */
	uint32_t classify_us, decide_us;
};

#endif
