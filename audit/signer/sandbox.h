/* The signer's cage. Each step is for a process without threads. */
#ifndef AUDIT_SIGNER_SANDBOX_H
#define AUDIT_SIGNER_SANDBOX_H

#include "base/err.h"

/* No core dumps, no ptrace by others of the same user, no new privileges. */
enum err sandbox_harden(void) MUST;
/* To another user, with no supplementary groups; nothing if user is NULL. Checks that there is no way back. */
enum err sandbox_drop(const char *user, const char *group) MUST;
/* Files: only inside the folder of the state, where files may be made, written and renamed. System calls: only those
 * that serving takes. What the kernel does not offer is left out and logged. */
void sandbox_enter(int state_dir);

#endif
