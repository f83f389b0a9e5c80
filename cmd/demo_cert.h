/* A throw-away certificate for the demo's cloud stand-in. */
#ifndef CMD_DEMO_CERT_H
#define CMD_DEMO_CERT_H

#include "base/err.h"

/* Writes a self-signed P-256 certificate for that IP address, valid for two days, and its key, both as PEM. */
enum err demo_cert(const char *ip, const char *cert_file, const char *key_file) MUST;

#endif
