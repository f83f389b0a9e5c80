/* What a detector found, and the legal classes it may belong to. */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include "base/span.h"

enum legal_class {
#define CLASS(name, word, meaning) CLASS_##name,
#include "base/classes.def"
#undef CLASS
	CLASS_COUNT
};

typedef uint32_t class_set; /* bit per legal_class */
#define CLASS_BIT(c) ((class_set)1 << (c))

struct span class_name(enum legal_class c) MUST;
/* -1 if there is no class of that name. */
int class_parse(struct span name) MUST;

/* How the text was read when the detector hit; hiding an identifier says something. */
enum view {
	VIEW_RAW,      /* as it stands */
	VIEW_CLEAN,    /* invisible characters removed */
	VIEW_FOLDED,   /* homoglyphs, full-width and foreign digits folded */
	VIEW_SQUEEZED, /* separators between single characters removed */
	VIEW_SPELLED,  /* digits written as words */
	VIEW_DECODED,  /* base64, hex, percent, entities… */
	VIEW_COUNT
};
const char *view_name(enum view v) MUST;

/* Types are dotted names (taxonomy): a fixed set known to the build plus the customer's own, both numbered by the
 * classifier's registry. A name, never a number, goes into a record. */
struct finding {
	uint32_t start, end; /* bytes of the original text, on code-point boundaries */
	uint16_t type;       /* index into the registry */
	uint16_t detector;   /* index into the registry */
	uint8_t score;       /* 0..100: 90 means right nine times in ten */
	uint8_t view;        /* enum view */
};

#endif
