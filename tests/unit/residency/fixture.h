/* Small country databases for the tests, compiled by deploy/geo/compile.pl into a folder of their own. */
#ifndef TESTS_RESIDENCY_FIXTURE_H
#define TESTS_RESIDENCY_FIXTURE_H

#include <stdint.h>

#include "base/span.h"

#define FIXTURE_EPOCH 1750000000u

enum { FIXTURE_PATH = 256 };

/* Makes a temporary folder; its path stays valid until fixture_remove. */
const char *fixture_folder(void) MUST;
void fixture_remove(void);
/* Compiles ranges (lines of "network,CC") to folder/name; the path is written to out. Zero on success. */
int fixture_mmdb(const char *name, const char *layout, int ip_version, const char *ranges, char out[FIXTURE_PATH]) MUST;
/* Writes a file into the folder. Zero on success. */
int fixture_write(const char *name, struct span bytes, char out[FIXTURE_PATH]) MUST;
/* Reads a file whole; the caller frees. NULL on failure. */
uint8_t *fixture_read(const char *path, size_t *n) MUST;

#endif
