/* From findings to facts: one data item a type, and the classes that only a combination makes. */
#include "classifiers/classify.h"

enum { QUASI_TOGETHER = 3 };

enum err classify_add_facts(const struct classifier *c, const struct findings *f, struct facts *facts)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *v = &f->v[i];
		struct data_item item = {.type = classifier_type_name(c, v->type),
					 .classes = classifier_type_classes(c, v->type),
					 .count = 1,
					 .score = v->score,
					 .origin = DATA_DETECTED,
					 .views = (uint8_t)(1u << v->view)};
		if (!facts_add_data(facts, item))
			return ERR_LIMIT;
	}
	return ERR_OK;
}

void classify_combine(struct facts *facts)
{
	class_set all = 0;
	size_t quasi = 0;
	unsigned views = 0;
	for (size_t i = 0; i < facts->n_data; i++) {
		const struct data_item *d = &facts->data[i];
		all |= d->classes;
		views |= d->views;
		quasi += (d->classes & CLASS_BIT(CLASS_QUASI)) != 0;
	}
	/* 45 CFR 160.103: health context and an identifier of its subject, wherever in the conversation they stand. */
	if ((all & CLASS_BIT(CLASS_PHI_IDENTIFIER)) != 0 && (all & CLASS_BIT(CLASS_PHI_HEALTH)) != 0)
		all |= CLASS_BIT(CLASS_PHI);
	if (quasi >= QUASI_TOGETHER)
		all |= CLASS_BIT(CLASS_PERSONAL);
	facts->classes |= all;
	/* Decoding is ordinary (a URL's %40); taking letters apart or swapping them is not. */
	const unsigned disguise = 1u << VIEW_CLEAN | 1u << VIEW_FOLDED | 1u << VIEW_SQUEEZED | 1u << VIEW_SPELLED;
	facts_set_bool(facts, F_EVASION, (views & disguise) != 0);
}
