#include "audit/format/tile.h"

#include <inttypes.h>

uint64_t tile_hashes(uint64_t size, unsigned level)
{
	unsigned shift = level * TILE_HEIGHT;
	return shift < 64 ? size >> shift : 0;
}

/* Groups of three digits, all but the last with an x before them. */
static void add_index(uint64_t index, unsigned width, struct buf *out)
{
	uint64_t scale = 1;
	while (index / scale >= 1000)
		scale *= 1000;
	for (; scale > 1; scale /= 1000)
		buf_printf(out, "x%03" PRIu64 "/", index / scale % 1000);
	buf_printf(out, "%03" PRIu64, index % 1000);
	if (width < TILE_WIDTH)
		buf_printf(out, ".p/%u", width);
}

void tile_path(const struct tile *t, struct buf *out)
{
	buf_printf(out, "tile/%u/", t->level);
	add_index(t->index, t->width, out);
}

void tile_entries_path(const struct tile *t, struct buf *out)
{
	buf_add_str(out, "tile/entries/");
	add_index(t->index, t->width, out);
}

void tile_bodies_path(const struct tile *t, struct buf *out)
{
	buf_add_str(out, "body/");
	add_index(t->index, t->width, out);
}
