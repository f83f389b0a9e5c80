/* bailiwick-signer, which stands in the folder of this program. It alone reads the log's secret key; whether the key
 * can be used, it is asked. */
#ifndef CMD_SIGNER_PROGRAM_H
#define CMD_SIGNER_PROGRAM_H

#include "config/config.h"

/* The path of this program, or of another one in the same folder. */
bool program_path(const char *sibling, char *out, size_t size) MUST;
/* Where the configuration has the key. */
void signer_key_path(const struct config *c, char *out, size_t size);
/* Can the signer use its key for the configured origin? If not, text says why, with the file and what to do. */
bool signer_check_key(const struct config *c, char *text, size_t size) MUST;

#endif
