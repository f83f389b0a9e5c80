/* The classifier: text in, findings out. Immutable after classifier_new; shared by all threads; each thread brings a
 * scratch of its own. Pure: no clock, no randomness, no I/O (but for reading the dictionaries it is built from). */
#ifndef CLASSIFIERS_CLASSIFY_H
#define CLASSIFIERS_CLASSIFY_H

#include "base/arena.h"
#include "base/facts.h"
#include "base/finding.h"
#include "base/siphash.h"

struct classifier;
struct classifier_scratch;
struct classifier_cache; /* message cache, shared by all loops, survives reloads */

/* A customer dictionary or pattern list, already read into memory. */
struct house_list {
	struct span type;  /* dotted, e.g. "house.project" or "health.condition" */
	class_set classes; /* legal classes; 0: those of the type, or HOUSE */
	struct span text;  /* one term a line; '#' comments */
	bool patterns;     /* lines are regular expressions, not terms */
	bool exact;        /* an exact-data list (exact.h): held as keyed hashes, its type is private */
	struct span file;  /* for error messages */
};

typedef void classifier_emit(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score);

/* Least score for a type ("id.de.steuerid"), a family ("id.*") or a legal class ("secret"); the last that matches
 * counts. */
struct classifier_threshold {
	struct span match;
	uint8_t score;
};

struct classifier_options {
	const struct house_list *lists;
	size_t n_lists;
	uint8_t min_score; /* findings below are dropped; 0: the default (50) */
	const struct classifier_threshold *thresholds;
	size_t n_thresholds;
	bool starter_health; /* the built-in starter list of conditions and drugs */
	/* The tagger's place in the pipeline: called per text for what no pattern can find. tag NULL: there is none. It
	 * adds findings in the registry's types and returns the bytes it really looked at (the rest was gated). Each
	 * classifier_scratch brings a scratch of the tagger's own. */
	const void *tagger;
	size_t (*tag)(const void *tagger, void *scratch, struct span text, classifier_emit *emit, void *sink);
	void *(*tag_scratch_new)(void); /* NULL: out of memory */
	void (*tag_scratch_free)(void *scratch);
	struct span tagger_id; /* content address of the model: part of classifier_hash and so of the cache key */
};

struct classifier_diag {
	struct span file;
	unsigned line;
	char text[160];
};

struct classifier *classifier_new(const struct classifier_options *o, struct classifier_diag *diag, enum err *err) MUST;
void classifier_free(struct classifier *c);
/* Content address of detectors, thresholds and dictionaries: what records pin. */
const uint8_t *classifier_hash(const struct classifier *c) MUST; /* 32 bytes */

/* Type registry: the fixed taxonomy (same numbers as base/types.h) and behind it the house's own types. */
size_t classifier_types(const struct classifier *c) MUST;
struct span classifier_type_name(const struct classifier *c, uint16_t type) MUST;
class_set classifier_type_classes(const struct classifier *c, uint16_t type) MUST;
/* Is it the type of an exact-data list? Then nobody outside may learn that it was found. */
bool classifier_type_private(const struct classifier *c, struct span type) MUST;
struct span classifier_detector_name(const struct classifier *c, uint16_t detector) MUST;

struct classifier_scratch *classifier_scratch_new(const struct classifier *c) MUST;
void classifier_scratch_free(struct classifier_scratch *s);

/* Everything a text's findings may depend on besides its bytes. */
struct text_context {
	struct span key;    /* JSON key or column name in front of the text, or null */
	uint8_t role;       /* opaque number, part of the cache key */
	bool not_prose;     /* a key, a number, a header: nothing for the tagger */
	struct span tenant; /* part of the cache key */
	/* A hash of the text under a secret key, or NULL: stands for the text in the cache key, if somebody has it. */
	const struct hash128 *print;
};

struct findings {
	struct finding *v; /* sorted by start, merged: no two overlap unless of different legal classes */
	size_t n;
	size_t lexed; /* bytes the lexers saw */
	size_t tagged, gated, cached;
	size_t failed; /* bytes not examined because of an error or limit: coverage is then incomplete */
};

/* Findings live in the arena. text must be valid UTF-8. cache may be NULL. */
enum err classify_text(const struct classifier *c, struct classifier_scratch *s, struct classifier_cache *cache,
		       struct span text, const struct text_context *ctx, struct arena *arena,
		       struct findings *out) MUST;

/* The same without a cache, and why each finding has its score: a reason for each, all zero where no rule of the table
 * made it (the tagger, house lists). */
struct reason;
enum err classify_explain(const struct classifier *c, struct classifier_scratch *s, struct span text,
			  const struct text_context *ctx, struct arena *arena, struct findings *out,
			  struct reason **why) MUST;

/* Bytes the lexers looked at for the last text, rescans included: at most a constant times its length. For tests. */
size_t classifier_scratch_steps(const struct classifier_scratch *s) MUST;

/* Seam between two neighbouring texts of one role: findings that span the joint, in offsets of the joined window
 * (the last 64 bytes of a, then the first 64 of b). */
enum err classify_seam(const struct classifier *c, struct classifier_scratch *s, struct span a, struct span b,
		       struct arena *arena, struct findings *out) MUST;

/* Adds findings to the facts: one data item a type (with classes), then combinations over the whole conversation:
 * identifier + health context -> PHI; three different quasi types -> personal. Call combine once, last. */
enum err classify_add_facts(const struct classifier *c, const struct findings *f, struct facts *facts) MUST;
void classify_combine(struct facts *facts);

struct classifier_cache *classifier_cache_new(size_t max_entries, const uint8_t key[16]) MUST;
void classifier_cache_free(struct classifier_cache *c);

#endif
