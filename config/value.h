/* Scalars of the configuration: text in, value out, false if it is not that. No complaints: the caller knows the key.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/country.h"

/* "5 s", "250 ms", "2 min", "1 h", "45 days"; the unit is never left out. */
bool value_ms(struct span s, uint64_t *ms) MUST;
bool value_days(struct span s, uint64_t *days) MUST;
/* "12 months", "6 years". */
bool value_months(struct span s, uint64_t *months) MUST;
/* "64 GiB", "512 KiB", "100 B". */
bool value_bytes(struct span s, uint64_t *bytes) MUST;
/* "2025-03-01": days since 1970-01-01. */
bool value_date(struct span s, int64_t *day) MUST;
/* 64 hexadecimal digits. */
bool value_hex32(struct span s, uint8_t out[32]) MUST;
/* Base64 of 32 bytes with its padding, RFC 4648 section 4; spare bits must be zero. */
bool value_base64_32(struct span s, uint8_t out[32]) MUST;
/* A code that ISO 3166-1 assigns (and XK), in capital letters. COUNTRY_NONE otherwise. */
country value_country(struct span s) MUST;

#endif
