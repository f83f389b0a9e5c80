/* What was signed last, on disk: the text of that checkpoint. It is written, synced and renamed into place before a
 * signature leaves the process. */
#ifndef AUDIT_SIGNER_STATE_H
#define AUDIT_SIGNER_STATE_H

#include "audit/format/checkpoint.h"

struct state {
	int dir;        /* folder of the file */
	char name[256]; /* in it */
	char temporary[260];
	struct checkpoint last; /* origin: the key's name, not owned */
};
/* path: of the file, which need not exist yet. ERR_CORRUPT if it is not a checkpoint of this origin. */
enum err state_open(struct state *s, const char *path, struct span origin) MUST;
/* Makes next the last one, durably. On failure the last one stays. */
enum err state_save(struct state *s, const struct checkpoint *next) MUST;

#endif
