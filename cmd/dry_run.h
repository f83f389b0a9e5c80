/* What the gateway would do with a request, worked out without sending or recording anything. */
#ifndef CMD_DRY_RUN_H
#define CMD_DRY_RUN_H

#include "proxy/gate/exchange.h"

/* One snapshot and the scratch to classify with, for any number of requests. The caller sets snap, whose reference is
 * given back by dry_run_fini; the rest starts as zeroes. */
struct dry_run {
	struct snapshot *snap;
	struct gate gate;
	struct inspector inspector;
};

/* An exchange without client or engines; the caller then fills x->body. It holds on to d. */
void dry_run_begin(struct dry_run *d, struct exchange *x);
/* Posts the body to path for the application (null: for none): facts are complete afterwards and judge() may be asked
 * about each candidate of x->config_route. On failure x->unit.problem may say more. */
enum err dry_run_inspect(struct dry_run *d, struct exchange *x, struct span path, struct span app) MUST;
void dry_run_end(struct exchange *x);
void dry_run_fini(struct dry_run *d);

#endif
