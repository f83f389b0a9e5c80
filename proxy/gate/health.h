/* Health of on-prem engines, asked now and then from the control loop. No prompt text is involved. */
#ifndef GATE_HEALTH_H
#define GATE_HEALTH_H

#include "proxy/gate/snapshot.h"

struct health;
/* Checks every on-prem target of the snapshot each interval; takes a reference. */
struct health *health_new(struct loop *l, struct client *c, struct snapshot *s, uint32_t interval_ms) MUST;
/* Go on with another snapshot. */
void health_snapshot(struct health *h, struct snapshot *s);
void health_free(struct health *h);

#endif
