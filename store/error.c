#include <errno.h>

#include "store/segment.h"

enum err store_error(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return ERR_OK;
	case MDB_NOTFOUND:
		return ERR_NOT_FOUND;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
		return ERR_STORE_FULL;
	case ENOMEM:
		return ERR_NOMEM;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_KEYEXIST: /* from MDB_APPEND: the key is not the highest */
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}
