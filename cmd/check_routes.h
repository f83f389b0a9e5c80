/* The part of check that asks of every route: is there a place for the data that rules hold back? */
#ifndef CMD_CHECK_ROUTES_H
#define CMD_CHECK_ROUTES_H

#include "cmd/report.h"
#include "proxy/gate/snapshot.h"

/* Decides sample requests of each API as serve would, and reports which kinds of data have no destination. The snapshot
 * stays the caller's. ERR_NOMEM. */
enum err check_routes(struct report *r, struct snapshot *s) MUST;

#endif
