/* Conditions, facts and verdicts as the text of the rule language: for the canonical form and for explanations. */
#ifndef RULES_PRINT_H
#define RULES_PRINT_H

#include "rules/program.h"

void print_condition(const struct rules *r, uint32_t at, struct buf *out);
/* "place within @eea + CH, redact payment"; regions: the text of the set, or null to list the countries. */
void print_verdict(const struct verdict *v, struct span regions, struct buf *out);
/* "AT BE CH" */
void print_countries(const struct country_set *set, const char *between, struct buf *out);
/* The value of a fact that is known. */
void print_value(enum fact_id id, const struct fact *v, struct buf *out);
/* A text in quotes, escaped as in rules. */
void print_text(struct span s, struct buf *out);

#endif
