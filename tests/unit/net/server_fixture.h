/* What the tests of the server share: both modes, certificates, limits. */
#ifndef TEST_SERVER_FIXTURE_H
#define TEST_SERVER_FIXTURE_H

#include "rig.h"

struct mode {
	enum peer_tls tls;
};
extern struct mode server_plain, server_tls_on;
extern struct pki server_pki;
extern struct server_limits server_fixture_limits;

int server_setup(void **state);
int server_teardown(void **state);
void server_begin(struct rig *r, struct mode *m);
/* Runs a script against a fresh server until it and that many streams are over. */
void server_run(struct mode *m, void (*script)(struct rig *r, void *arg), size_t want_closed);
/* In a script whose argument is the mode. */
enum peer_tls mode_tls(void *arg);

#endif
