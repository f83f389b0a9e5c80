/* An HTTP message head, whatever version it came in by. All spans point into memory the maker owns
 * (the connection's head buffer); they hold until the message's end event. */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/err.h"

enum {
	HTTP_MAX_FIELDS = 128, /* that a peer may send */
	HTTP_OWN_FIELDS = 8,   /* that we may add */
	HTTP_MAX_HEAD = 64 * 1024,
	HTTP_MAX_TARGET = 8 * 1024
};

struct http_field {
	struct span name, value; /* value without surrounding blanks */
};

enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH, /* exactly head.length bytes */
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE, /* responses only */
};

struct http_head {
	struct span method, target; /* requests: as sent; absolute-form is kept raw, see authority and path */
	struct span authority;      /* requests: host[:port], from absolute-form or Host */
	struct span path;           /* requests: origin-form path without query; "*" for OPTIONS * */
	struct span query;          /* requests: behind '?', null if there is none */
	uint16_t status;            /* responses */
	struct span reason;         /* responses */
	uint8_t minor;              /* HTTP/1.minor as received */
	struct http_field fields[HTTP_MAX_FIELDS + HTTP_OWN_FIELDS];
	size_t n_fields;
	enum http_framing framing;
	uint64_t length;      /* for HTTP_LENGTH */
	bool keep_alive;      /* the sender allows another message on this connection */
	bool expect_continue; /* requests */
	bool upgrade;         /* Connection: upgrade was present */
};

/* Zeroes all but fields[], which n_fields = 0 makes meaningless: 4 KiB that need not be written. */
void http_head_clear(struct http_head *h);
/* The n-th field of that name (case-insensitive), or NULL. */
const struct http_field *http_field(const struct http_head *h, struct span name, size_t n) MUST;
/* Its value, or a null span. */
struct span http_value(const struct http_head *h, struct span name) MUST;
/* Is this field for one hop only (RFC 9110 §7.6.1): Connection, those Connection names, Keep-Alive, TE, Trailer,
 * Transfer-Encoding, Upgrade, Proxy-*? Content-Length too, as framing is written anew for each hop. */
bool http_hop_by_hop(const struct http_head *h, struct span name) MUST;
/* The same for all fields of one head: what Connection says is looked up once. */
struct http_hops {
	const struct http_head *head;
	bool named; /* Connection names more than close and keep-alive */
};
struct http_hops http_hops(const struct http_head *h) MUST;
bool http_is_hop(const struct http_hops *hops, struct span name) MUST;
/* Appends a field to a head being built; ERR_LIMIT when full. */
enum err http_add(struct http_head *h, struct span name, struct span value) MUST;

#endif
