/* A span is a pointer with its length; it owns nothing and need not end in NUL. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST __attribute__((warn_unused_result))
/* A large local that is written before it is read: spares it the compiler's zeroing. */
#define UNZEROED __attribute__((uninitialized))

struct span {
	const uint8_t *p;
	size_t n;
};

/* A span over a string literal, without its NUL. */
#define SPAN(lit) ((struct span){(const uint8_t *)("" lit), sizeof(lit) - 1})
#define SPAN_NULL ((struct span){NULL, 0})
/* For printf("%.*s"). */
#define SPAN_ARG(s) (int)(s).n, (const char *)(s).p

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){p, n};
}

static inline struct span span_str(const char *s)
{
	return (struct span){(const uint8_t *)s, s == NULL ? 0 : strlen(s)};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Bytes [from, to) of s; from <= to <= s.n. */
static inline struct span span_sub(struct span s, size_t from, size_t to)
{
	return (struct span){s.p + from, to - from};
}

/* Equal but for the case of ASCII letters. */
bool span_eq_nocase(struct span a, struct span b) MUST;
bool span_starts(struct span s, struct span prefix) MUST;
bool span_ends(struct span s, struct span suffix) MUST;
/* Byte order, shorter first on a tie: for sorting and searching. */
int span_cmp(struct span a, struct span b) MUST;
/* Without spaces, tabs, CR and LF at both ends. */
struct span span_trim(struct span s) MUST;
/* Position of a byte, or s.n. */
size_t span_find(struct span s, uint8_t byte) MUST;
/* Decimal digits only, no sign, no spaces; false on anything else and on overflow. */
bool span_u64(struct span s, uint64_t *out) MUST;

#endif
