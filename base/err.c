#include "base/err.h"

static const struct {
	const char *name;
	int status;
	const char *reason;
	const char *text;
} rows[ERR_COUNT] = {
#define ERR(name, status, reason, text) {#name, status, reason, text},
#include "base/err.def"
#undef ERR
};

static size_t row(enum err e)
{
	int i = -1 - (int)e;
	return i >= 0 && i < ERR_COUNT ? (size_t)i : (size_t)ERR_INDEX_INTERNAL;
}

const char *err_name(enum err e)
{
	if (e >= 0)
		return e == ERR_OK ? "OK" : e == ERR_MORE ? "MORE" : "WAIT";
	return rows[row(e)].name;
}

const char *err_reason(enum err e)
{
	return e == ERR_OK ? "ok" : rows[row(e)].reason;
}

const char *err_text(enum err e)
{
	return e == ERR_OK ? "success" : rows[row(e)].text;
}

int err_status(enum err e)
{
	return e == ERR_OK ? 200 : rows[row(e)].status;
}
