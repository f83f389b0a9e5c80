/* Bodies in content codings, made with the library that everybody uses. The caller frees what it gets. */
#ifndef TEST_WIRE_CODED_H
#define TEST_WIRE_CODED_H

#include "base/buf.h"

/* zlib's windowBits, which also say the format. */
enum coded_format { CODED_GZIP = 31, CODED_ZLIB = 15, CODED_RAW = -15 };

/* level: 0 stored, to 9. */
struct buf coded_deflate(struct span in, enum coded_format format, int level);
struct buf coded_gzip(struct span in);

#endif
