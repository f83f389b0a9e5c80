/* The one error enum. 0 is success; positive values are progress, not failure; negative values come from err.def. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/span.h"

enum err_index {
#define ERR(name, status, reason, text) ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

enum err {
	ERR_OK = 0,
	ERR_MORE = 1, /* more input is needed */
	ERR_WAIT = 2, /* parked; exactly one waker is registered */
#define ERR(name, status, reason, text) ERR_##name = -1 - ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
};

/* Static strings; any value is accepted, an unknown one is reported as internal. */
const char *err_name(enum err e) MUST;   /* "FRAMING" */
const char *err_reason(enum err e) MUST; /* "framing": for records and metrics */
const char *err_text(enum err e) MUST;   /* a sentence for people */
int err_status(enum err e) MUST;         /* HTTP status */

#endif
