/* Arithmetic that many checksums share. Inputs are characters 0-9 and A-Z unless said otherwise. */
#ifndef CLASSIFIERS_DIGITS_H
#define CLASSIFIERS_DIGITS_H

#include "base/span.h"

static inline unsigned digit(char c)
{
	return (unsigned)(c - '0');
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* 0..35; 99 for anything else. */
static inline unsigned base36(char c)
{
	return is_digit(c) ? digit(c) : is_letter(c) ? (unsigned)(c - 'A') + 10 : 99;
}

bool digits_all(const char *c, size_t n) MUST;
/* Decimal value of up to 18 digits. */
uint64_t digits_value(const char *c, size_t n) MUST;
/* Sum of digit times weight over the first n. */
unsigned digits_weighted(const char *c, const uint8_t *weights, size_t n) MUST;
/* All n characters are the same. */
bool digits_uniform(const char *c, size_t n) MUST;

/* ISO/IEC 7812-1 annex B; the check digit is the last. */
bool digits_luhn(const char *c, size_t n) MUST;
/* The same over letters and digits with the given base (GSTIN: 36, doubling every second from the right). */
bool digits_luhn36(const char *c, size_t n) MUST;
/* ISO 7064 MOD 11,10; the check digit is the last. */
bool digits_mod11_10(const char *c, size_t n) MUST;
/* ISO 7064 MOD 97-10 over letters (A=10) and digits: value mod 97, starting from a remainder. */
unsigned digits_mod97(const char *c, size_t n, unsigned start) MUST;
/* Verhoeff's dihedral check; the check digit is the last. */
bool digits_verhoeff(const char *c, size_t n) MUST;

/* Is day 1..31 in the month 1..12 of the year (proleptic Gregorian)? */
bool date_valid(unsigned year, unsigned month, unsigned day) MUST;
/* Two-digit parts at c: yymmdd or ddmmyy. The century is not known: 29 February passes if it exists in either. */
bool date_yymmdd(const char *c) MUST;
bool date_ddmmyy(const char *c) MUST;
/* Month and day alone, 29 February included. */
bool date_mmdd(unsigned month, unsigned day) MUST;

#endif
