/* How this folder complains: one place in the file, one sentence that says what to write instead. */
#ifndef CONFIG_DIAG_H
#define CONFIG_DIAG_H

#include "config/config.h"

/* Fills the diagnosis (the first complaint stays) and returns ERR_CONFIG. */
enum err config_complain(struct config_diag *diag, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The nearest of several candidates to a misspelt word. */
struct near {
	struct span word;
	struct span best; /* null: nothing near */
	unsigned distance;
};
void near_init(struct near *n, struct span word);
void near_try(struct near *n, struct span candidate);
/* "; did you mean \"x\"?", or "": static storage of the caller. */
const char *near_text(const struct near *n, char *out, size_t size) MUST;

#endif
