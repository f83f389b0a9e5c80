/* Validators, one for each name in the check column of detectors.def. Pure; any bytes are accepted, bad ones fail.
 * For shapes c holds only 0-9 and A-Z (the layout has vouched for which stands where); for lexers the text as found. */
#ifndef CLASSIFIERS_CHECK_H
#define CLASSIFIERS_CHECK_H

#include "base/span.h"

#define DETECTOR(name, type, family, layout, check, strength, flags, context, doc)                                     \
	bool check_##check(const char *c, size_t n) MUST;
#include "classifiers/detectors.def"
#undef DETECTOR

#endif
