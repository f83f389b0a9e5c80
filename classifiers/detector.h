/* The table of detectors (detectors.def) and what a passed check is worth. Static data only. */
#ifndef CLASSIFIERS_DETECTOR_H
#define CLASSIFIERS_DETECTOR_H

#include "base/types.h"

enum detector_id {
#define DETECTOR(name, type, family, layout, check, strength, flags, context, doc) D_##name,
#include "classifiers/detectors.def"
#undef DETECTOR
	DETECTOR_COUNT
};

/* Detectors behind the table: numbers of findings that no row of it made. */
enum { DETECTOR_TAGGER = DETECTOR_COUNT, DETECTOR_HOUSE, DETECTOR_ALL };

enum detector_family {
	FAMILY_SHAPE,
	FAMILY_CONTACT,
	FAMILY_NETWORK,
	FAMILY_FINANCE,
	FAMILY_HEALTH,
	FAMILY_DATE,
	FAMILY_SECRET,
	FAMILY_WORDS,
	FAMILY_EXPORT,
	FAMILY_HOUSE
};

enum strength { STRENGTH_FORMAT, STRENGTH_WEAK, STRENGTH_DATED, STRENGTH_GOOD, STRENGTH_STRONG, STRENGTH_COUNT };

enum {
	FLAG_CTX = 1,      /* never without a context word */
	FLAG_LAYOUT = 2,   /* separators are evidence */
	FLAG_FIRM = 4,     /* the context word is part of the match */
	FLAG_DISTINCT = 8, /* letters and digits in an unusual order are evidence */
	VENDOR_STRONG = 0, /* flags of vendors' keys by strength */
	VENDOR_GOOD = FLAG_CTX,
};

/* Candidate bytes: for FAMILY_SHAPE upper-case letters and digits without separators, else the text as found.
 * Never more than CANDIDATE_MAX bytes for a shape. */
typedef bool (*check_fn)(const char *c, size_t n);
enum { CANDIDATE_MAX = 48 };

struct detector {
	const char *name; /* lower case, "de_steuerid" */
	enum type_id type;
	enum detector_family family;
	enum strength strength;
	unsigned flags;
	check_fn check;
	const char *layout;
	const char *context;
	const char *doc;
};

/* id < DETECTOR_COUNT. */
const struct detector *detector_info(enum detector_id id) MUST;

#endif
