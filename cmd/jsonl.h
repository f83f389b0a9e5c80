/* Reading one flat JSON object: string members by name. For the program's own line formats, not for requests. */
#ifndef CMD_JSONL_H
#define CMD_JSONL_H

#include "base/arena.h"

/* The decoded string member of that name at the object's top level, in the arena (null if absent or not a string).
 * ERR_JSON and the like when the text is not one object. */
enum err jsonl_member(struct span object, struct span name, struct arena *arena, struct span *out) MUST;

#endif
