/* What gzip and zlib packed, out of memory into a sink, with a cap (RFC 1950, RFC 1952). */
#ifndef CLASSIFIERS_INFLATE_H
#define CLASSIFIERS_INFLATE_H

#include "base/err.h"
#include "base/span.h"

enum { INFLATED_MAX = 1 << 20 };

/* Does it begin like a gzip member or a zlib stream? */
bool inflate_magic(struct span packed) MUST;
/* Calls sink with pieces of what comes out until it says false. ERR_LIMIT: there is more than INFLATED_MAX or the sink
 * takes; ERR_SYNTAX: broken off or malformed, what came out before it was given to the sink. */
enum err inflate_run(struct span packed, bool (*sink)(void *arg, struct span bytes), void *arg) MUST;

#endif
