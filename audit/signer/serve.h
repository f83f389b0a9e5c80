/* The signer's socket: one caller at a time, frames as described in audit/format/checkpoint.h. */
#ifndef AUDIT_SIGNER_SERVE_H
#define AUDIT_SIGNER_SERVE_H

#include <signal.h>

#include "audit/format/note.h"
#include "audit/signer/state.h"

/* Binds the socket (0600, or 0660 for a group), replacing one that nobody listens on. ERR_CONFIG: somebody does. */
enum err serve_listen(const char *path, const char *group, int *out) MUST;
/* Until *stop is set by a signal that interrupts the wait; mask: signals that may come while waiting, as for ppoll. */
void serve(int listener, const struct note_skey *key, struct state *state, const volatile sig_atomic_t *stop,
	   const sigset_t *mask);

#endif
