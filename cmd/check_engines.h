/* Are the on-prem engines there? Connects to each as the gateway would, pin and all, and asks for its health. */
#ifndef CMD_CHECK_ENGINES_H
#define CMD_CHECK_ENGINES_H

#include "cmd/report.h"
#include "proxy/gate/snapshot.h"

enum err check_engines(struct report *r, struct snapshot *s) MUST;

#endif
