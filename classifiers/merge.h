/* From everything the detectors offered to what is reported: sorted, one reading for each place. */
#ifndef CLASSIFIERS_MERGE_H
#define CLASSIFIERS_MERGE_H

#include "base/finding.h"

/* Sorts v by start and drops what loses against an overlapping finding; returns how many stay. Two overlapping findings
 * both stay only if their types share no legal class (besides the HIPAA ones) and neither is just another, clearly
 * weaker reading of the same bytes. classes_of(arg, type) gives a type's classes. */
size_t merge_findings(struct finding *v, size_t n, class_set (*classes_of)(const void *arg, uint16_t type),
		      const void *arg) MUST;

#endif
