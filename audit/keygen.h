/* Makes the checkpoint key of a log. */
#ifndef AUDIT_KEYGEN_H
#define AUDIT_KEYGEN_H

#include "base/buf.h"

/* Writes a new secret key to path (0600; never over a file that exists: ERR_CONFIG) and appends its verifier key, one
 * line without newline, to vkey. origin is the log's name. ERR_SYNTAX if it holds spaces or '+'. */
enum err signer_keygen(const char *path, const char *origin, struct buf *vkey) MUST;

#endif
