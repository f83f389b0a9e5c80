#include "classifiers/detector.h"

#include "base/assert.h"
#include "classifiers/check.h"

#define CTX      FLAG_CTX
#define LAYOUT   FLAG_LAYOUT
#define FIRM     FLAG_FIRM
#define DISTINCT FLAG_DISTINCT
static const struct detector infos[DETECTOR_COUNT] = {
#define DETECTOR(name, type, family, layout, check, strength, flags, context, doc)                                     \
	[D_##name] = {#name,   TYPE_##type, FAMILY_##family, STRENGTH_##strength, flags, check_##check, layout,        \
		      context, doc},
#include "classifiers/detectors.def"
#undef DETECTOR
};
#undef CTX
#undef LAYOUT
#undef FIRM
#undef DISTINCT

const struct detector *detector_info(enum detector_id id)
{
	INVARIANT((unsigned)id < DETECTOR_COUNT);
	return &infos[id];
}
