#include "residency/residency.h"

#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A country database is some 8 MB; the smallest that the writers make is a few hundred bytes. */
enum { GEO_MIN_BYTES = 64, GEO_MAX_BYTES = 512 << 20, HASH_TEXT = 64 };

struct geo {
	MMDB_s db;
	uint8_t hash[32];
};

static bool hex_nibble(uint8_t c, uint8_t *out)
{
	if (c >= '0' && c <= '9')
		*out = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (uint8_t)(c - 'a' + 10);
	else
		return false;
	return true;
}

/* The file beside the database, as sha256sum(1) writes it: the library's own checks of a hostile file are weak, so a
 * database that comes with a checksum is opened only if it fits. */
static enum err check_sum(const char *path, const uint8_t hash[32])
{
	char name[4096];
	uint8_t text[HASH_TEXT];
	int n = snprintf(name, sizeof name, "%s.sha256", path);
	if (n < 0 || (size_t)n >= sizeof name)
		return ERR_LIMIT;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_OK; /* none was shipped */
	ssize_t got = read(fd, text, sizeof text);
	close(fd);
	if (got != HASH_TEXT)
		return ERR_CORRUPT;
	for (size_t i = 0; i < 32; i++) {
		uint8_t hi, lo;
		if (!hex_nibble(text[2 * i], &hi) || !hex_nibble(text[2 * i + 1], &lo) ||
		    (uint8_t)(hi << 4 | lo) != hash[i])
			return ERR_CORRUPT;
	}
	return ERR_OK;
}

/* Maps the whole file; its bytes are read before the library parses a single one. */
static enum err map_file(const char *path, void **map, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ERR_NOT_FOUND;
	enum err err = ERR_CORRUPT;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < GEO_MIN_BYTES || st.st_size > GEO_MAX_BYTES)
		goto out;
	*size = (size_t)st.st_size;
	*map = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	err = *map == MAP_FAILED ? ERR_NOMEM : ERR_OK;
out:
	close(fd);
	return err;
}

static bool metadata_ok(const MMDB_s *db)
{
	const MMDB_metadata_s *m = &db->metadata;
	bool sized = m->record_size == 24 || m->record_size == 28 || m->record_size == 32;
	/* A node holds two records. */
	return sized && m->binary_format_major_version == 2 && (m->ip_version == 4 || m->ip_version == 6) &&
	       m->node_count > 0 && (uint64_t)m->node_count * m->record_size / 4 < (uint64_t)db->file_size;
}

struct geo *geo_open(const char *path, enum err *err)
{
	void *map = NULL;
	size_t size = 0;
	bool opened = false;
	struct geo *g = calloc(1, sizeof *g);
	*err = ERR_NOMEM;
	if (g == NULL)
		return NULL;
	*err = map_file(path, &map, &size);
	if (*err != ERR_OK)
		goto fail_free;
	SHA256(map, size, g->hash);
	*err = check_sum(path, g->hash);
	if (*err != ERR_OK)
		goto out;
	int rc = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
	opened = rc == MMDB_SUCCESS;
	*err = rc == MMDB_OUT_OF_MEMORY_ERROR ? ERR_NOMEM : ERR_CORRUPT;
	if (!opened || !metadata_ok(&g->db))
		goto out;
	/* What the library mapped must be what was hashed, even if the file was replaced between the two. */
	if ((size_t)g->db.file_size != size || memcmp(g->db.file_content, map, size) != 0)
		goto out;
	*err = ERR_OK;
out:
	munmap(map, size);
	if (*err == ERR_OK)
		return g;
	if (opened)
		MMDB_close(&g->db);
fail_free:
	free(g);
	return NULL;
}

void geo_close(struct geo *g)
{
	if (g == NULL)
		return;
	MMDB_close(&g->db);
	free(g);
}

static country entry_country(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return COUNTRY_NONE;
	return country_parse(span_of(data.utf8_string, data.data_size));
}

static MMDB_lookup_result_s lookup(const MMDB_s *db, const uint8_t ip[16], int *rc)
{
	static const uint8_t v4[12] = {[10] = 0xff, [11] = 0xff};
	struct sockaddr_storage ss = {0};
	if (memcmp(ip, v4, sizeof v4) == 0) {
		struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
		sin->sin_family = AF_INET;
		memcpy(&sin->sin_addr, ip + 12, 4);
	} else {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
		sin6->sin6_family = AF_INET6;
		memcpy(&sin6->sin6_addr, ip, 16);
	}
	return MMDB_lookup_sockaddr(db, (const struct sockaddr *)&ss, rc);
}

country geo_country(const struct geo *g, const uint8_t ip[16])
{
	static const char *const nested[] = {"country", "iso_code", NULL};
	static const char *const flat[] = {"country_code", NULL};
	int rc = MMDB_SUCCESS;
	MMDB_lookup_result_s hit = lookup(&g->db, ip, &rc);
	if (rc != MMDB_SUCCESS || !hit.found_entry)
		return COUNTRY_NONE;
	country c = entry_country(&hit.entry, nested);
	return c != COUNTRY_NONE ? c : entry_country(&hit.entry, flat);
}

uint64_t geo_built_at(const struct geo *g)
{
	return g->db.metadata.build_epoch;
}

const uint8_t *geo_hash(const struct geo *g)
{
	return g->hash;
}
