#include "base/types.h"

#include "base/assert.h"

#define PERSONAL   CLASS_BIT(CLASS_PERSONAL)
#define SPECIAL    CLASS_BIT(CLASS_SPECIAL)
#define CARE       CLASS_BIT(CLASS_SPECIAL_CARE)
#define QUASI      CLASS_BIT(CLASS_QUASI)
#define PHI_ID     CLASS_BIT(CLASS_PHI_IDENTIFIER)
#define PHI_HEALTH CLASS_BIT(CLASS_PHI_HEALTH)
#define PAYMENT    CLASS_BIT(CLASS_PAYMENT)
#define SECRET     CLASS_BIT(CLASS_SECRET)
#define EXPORT     CLASS_BIT(CLASS_EXPORT)
static const struct type_info infos[TYPE_COUNT] = {
#define TYPE(name, dotted, classes, hipaa, doc) [TYPE_##name] = {dotted, classes, hipaa, doc},
#include "base/types.def"
#undef TYPE
};

const struct type_info *type_info(enum type_id id)
{
	INVARIANT((unsigned)id < TYPE_COUNT);
	return &infos[id];
}

enum type_id type_by_name(struct span name)
{
	unsigned i = 0;
	while (i < TYPE_COUNT && !span_eq(name, span_str(infos[i].name)))
		i++;
	return (enum type_id)i;
}
