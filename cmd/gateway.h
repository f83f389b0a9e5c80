/* The gateway process: control loop, workers, servers, reload, drain. */
#ifndef CMD_GATEWAY_H
#define CMD_GATEWAY_H

#include "base/err.h"

struct gateway_options {
	const char *config;
	int ready_fd; /* one byte is written here when requests are being served; -1: none */
	bool sandbox;
};

/* Runs until told to stop. Returns an exit code. */
int gateway_run(const struct gateway_options *o) MUST;

#endif
