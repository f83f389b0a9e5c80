/* Lengths of IBANs by country (IBAN registry, ISO 13616). */
#ifndef CLASSIFIERS_IBAN_H
#define CLASSIFIERS_IBAN_H

#include "base/span.h"

/* 0: the country has none. Capital letters. */
size_t iban_length(const char country[2]) MUST;

#endif
