/* Test cases for rule packs: facts, and what must come of them. A line format for people (docs/rules.md):
 *
 *   facts openai-us                         a named block of facts
 *     destination.processing: US
 *     destination.dpa: yes
 *
 *   case "health data without an Art. 9 condition"
 *     use openai-us                         takes over a block's facts
 *     subject: DE, AT
 *     data: health.condition x2 score 95    classes come from the taxonomy
 *     data: declared contact.email
 *     class: phi                            a class that only the combination makes
 *     app.role: unknown                     takes a value away again
 *     expect place on-prem
 *     expect redact payment
 *     expect approval no
 *     expect fires gdpr.special-without-condition
 *     expect not fires pci.card-number
 *     expect decides gdpr.special-without-condition
 *     expect exempts gdpr.no-processing-agreement
 *     expect default                        no regime applied
 *
 * A case must expect at least one thing. Pure; limits: one source PARSE_MAX_SOURCE bytes. */
#ifndef RULES_CASES_H
#define RULES_CASES_H

#include "rules/rules.h"

struct case_result {
	struct span file, name;
	unsigned line; /* of the expectation that failed, or of the case */
	bool passed;
	char text[256]; /* what was expected and what came, "" if passed */
};

struct case_totals {
	size_t passed, failed;
};

/* Runs every case of a source and tells the caller of each as it ends. ERR_SYNTAX, ERR_CONFIG or ERR_LIMIT with diag
 * filled if the source is not well formed; a failed case is not an error. */
enum err cases_run(const struct rules *r, const struct rules_env *env, const struct rules_source *source,
		   void (*report)(void *arg, const struct case_result *result), void *arg, struct case_totals *totals,
		   struct rules_diag *diag) MUST;

#endif
