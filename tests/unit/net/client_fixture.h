/* What the tests of the client share: a client, its upstream as a script, and up to four calls to it. */
#ifndef TEST_CLIENT_FIXTURE_H
#define TEST_CLIENT_FIXTURE_H

#include "calls.h"

struct mode {
	bool tls;
};
extern struct mode client_plain, client_tls;
extern struct pki client_pki;

struct fixture {
	struct rig rig;
	bool tls;
	int listener;
	uint16_t port;
	struct upstream_options options;
	struct upstream *upstream;
	struct call calls[4];
	const char *answer; /* what the script says, where it says one thing */
	bool say_goodbye;
	struct peer held;
};

int client_setup(void **state);
int client_teardown(void **state);
void client_begin(struct fixture *f, const struct mode *m);
/* After the options are as they should be. */
void client_prepare(struct fixture *f);
void client_end(struct fixture *f);
/* Runs the first n calls, one after the other. */
void client_run(struct fixture *f, void (*script)(struct rig *r, void *arg), size_t n);
/* The next connection to the upstream. */
bool client_take(struct fixture *f, struct peer *p);
bool client_answered(const struct call *c, unsigned status, const char *body);
/* Scripts: takes one connection and answers one request; does nothing. */
void client_answer_one(struct rig *r, void *arg);
void client_no_script(struct rig *r, void *arg);

#endif
