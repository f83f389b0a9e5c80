/* Names and sizes of tiles and entry bundles (C2SP tlog-tiles). */
#ifndef AUDIT_FORMAT_TILE_H
#define AUDIT_FORMAT_TILE_H

#include "base/buf.h"

enum { TILE_HEIGHT = 8, TILE_WIDTH = 256, TILE_LEVELS = 8 };

/* A tile of a tree: which hashes of its level it holds. */
struct tile {
	unsigned level;
	uint64_t index;
	unsigned width; /* 1..TILE_WIDTH; below TILE_WIDTH it is partial */
};

/* How many hashes level has in a tree of this size, in all tiles together. */
uint64_t tile_hashes(uint64_t size, unsigned level) MUST;
/* "tile/0/x001/067" or "tile/0/x001/067.p/12"; for entries "tile/entries/…"; for bodies (our own extension) "body/…".
 */
void tile_path(const struct tile *t, struct buf *out);
void tile_entries_path(const struct tile *t, struct buf *out);
void tile_bodies_path(const struct tile *t, struct buf *out);

#endif
