/* Whole small files, for what is loaded at start and reload. */
#ifndef GATE_FILE_H
#define GATE_FILE_H

#include "base/buf.h"

/* Reads at most limit bytes: ERR_NOT_FOUND, ERR_IO, ERR_LIMIT, ERR_NOMEM. */
enum err file_read(const char *path, size_t limit, struct buf *out) MUST;

#endif
