/* API adapters: which endpoint this is, where its text stands, what it refers to, and what an error looks like. Pure.
 */
#ifndef WIRE_API_H
#define WIRE_API_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/siphash.h"
#include "proxy/wire/http.h"

enum api_family { API_OPENAI, API_ANTHROPIC, API_UNKNOWN };

struct api_endpoint; /* a row of the adapters' table; static */

struct api_route {
	enum api_family family;              /* also for an unknown endpoint: whose error shape to use */
	const struct api_endpoint *endpoint; /* NULL: unknown */
	struct span operation;   /* "chat.completions", "messages.count_tokens"… static; null if unknown */
	struct span native_path; /* path at the provider with a prefix such as /openai removed, e.g.
				    "/v1/chat/completions" */
	bool has_body;           /* a JSON body is expected */
	bool state_read;         /* GET of stored state: path_state is set */
	struct span path_state;  /* id of server-side state named in the path, or null */
	struct span path_text;   /* variable path segments and the query, to be scanned as text (joined raw) */
};
/* Base-URL mode: finds family and endpoint from method, path and headers. /v1/… is OpenAI's unless anthropic-version is
 * present; prefixes /openai and /anthropic are explicit. ERR_ENDPOINT (route still says the family), ERR_METHOD, or
 * ERR_UPGRADE for a WebSocket upgrade of /v1/responses. */
enum err api_route(const struct http_head *head, struct api_route *out) MUST;

enum text_role { ROLE_NONE, ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

/* One string (or long number, or key) of the body that carries text. */
struct api_text {
	struct span text;   /* decoded; points into the body if it has no escapes, else into the arena */
	struct span key;    /* nearest object key (decoded): context for classifiers */
	uint32_t raw_start; /* of the string's content in the body, between the quotes */
	uint32_t raw_end;
	uint32_t message; /* index of the message (or input item) it stands in; UINT32_MAX: outside any */
	uint8_t role;     /* enum text_role of that message */
	bool escaped;     /* text differs from the raw bytes; api_map gives raw offsets */
	bool is_key;      /* an object key */
	bool is_number;   /* a number of seven digits or more */
	bool json_inside; /* JSON inside a string (tool arguments, or a text that is JSON with escapes of its
			   * own): its strings follow as texts with nested set */
	bool nested;      /* raw_start/raw_end are those of the enclosing string */
	bool known;       /* the adapter's table names this path as text (else: unknown field, scanned all the same) */
};

/* A reference to something the gateway cannot read. */
enum api_ref_kind { REF_STATE, REF_FILE, REF_URL, REF_ATTACHMENT, REF_TOKENS, REF_HOSTED_TOOL, REF_ENCRYPTED };
struct api_ref {
	enum api_ref_kind kind;
	struct span id;              /* state or file id, or URL (decoded); null otherwise */
	uint32_t raw_start, raw_end; /* of the value in the body */
	size_t bytes;                /* opaque bytes */
};

/* One message of the conversation as raw bytes, for the taint ledger and caches. */
struct api_message {
	uint32_t raw_start, raw_end;
	uint8_t role;
};

struct api_extract {
	struct api_text *texts;
	size_t n_texts;
	struct api_ref *refs;
	size_t n_refs;
	struct api_message *messages;
	size_t n_messages;
	struct span model;               /* decoded; null if absent */
	uint32_t model_start, model_end; /* raw, between the quotes */
	bool stream, store; /* store: the provider is asked (or by default of this endpoint) to keep the exchange */
	bool store_explicit;
	struct span inference_geo; /* Anthropic; null if absent */
	size_t text_bytes;         /* decoded bytes over texts */
	size_t opaque_bytes;       /* over refs */
};

struct api_limits {
	uint32_t max_depth;  /* 64 */
	uint32_t max_tokens; /* JSON tokens in all, e.g. 1,000,000 */
};
struct api_limits api_limits_default(void) MUST;

/* Where and why a body was refused; offset in bytes. */
struct api_problem {
	size_t offset;
	const char *what; /* static text without content */
};

/* Reads a JSON body. Everything lives in the arena or the body. ERR_JSON, ERR_ENCODING (UTF-8, BOM, UTF-16), ERR_DEPTH,
 * ERR_CONTROL_KEY (repeated, or folded-equal to a control key but spelt differently), ERR_NOMEM. */
enum err api_extract(const struct api_route *route, struct span body, const struct api_limits *limits,
		     struct arena *arena, struct api_extract *out, struct api_problem *problem) MUST;

/* Raw offset in the body of a decoded offset in t->text (not for nested). Used by splice. */
uint32_t api_map(struct span body, const struct api_text *t, uint32_t decoded) MUST;
/* The same for offsets that only grow, in time linear in the text: c is zeroed at first. */
struct json_cursor;
uint32_t api_map_next(struct span body, const struct api_text *t, struct json_cursor *c, uint32_t decoded) MUST;

/* An error answer in the family's own shape. */
struct api_error {
	enum err err;
	int status;             /* 0: err_status(err) */
	struct span message;    /* null: err_text(err) */
	uint64_t record;        /* decision record; 0 if none */
	struct span rule;       /* deciding rule, or null (private or none) */
	struct span contact;    /* whom to ask, or null */
	uint32_t retry_after_s; /* 0: none */
};
/* Status, content-type, x-should-retry (false for every refusal by policy; true is never sent) and retry-after go into
 * head (spans into storage that lives as long as arena); the JSON goes into body. */
enum err api_error_write(enum api_family family, const struct api_error *e, struct arena *arena, struct http_head *head,
			 struct buf *body) MUST;

/* A read-only tap on an answer: learns ids of server-side state (response, output item, conversation, file ids) and the
 * provider's own evidence of where it ran, from JSON or SSE, in bounded memory. A compressed answer is decoded for it
 * under caps. */
struct api_tap;
struct api_tap_result {
	struct hash128 texts[8]; /* fingerprints of the answer's texts; of interleaved choices only the sum of all */
	size_t n_texts;
	const struct span *ids; /* "resp_…" and the items it consists of, "chatcmpl-…" where stored, "file-…" */
	size_t n_ids;
	struct span inference_geo;
	uint64_t input_tokens, output_tokens; /* 0 if not seen */
	bool error_seen;                      /* an in-band error event */
	bool complete; /* the stream's own terminator was seen ([DONE], message_stop, response.completed) or JSON ended
			*/
};
/* key: of the fingerprints; it must live as long as the tap. */
struct api_tap *api_tap_new(const struct api_route *route, const struct http_head *response, struct arena *arena,
			    const uint8_t key[16]) MUST;
/* Does the provider keep this exchange (api_extract's store)? Only then is the answer's own id one of server-side
 * state. At first: as the endpoint does by default. */
void api_tap_keeps(struct api_tap *t, bool keeps);
void api_tap_feed(struct api_tap *t, struct span data);
void api_tap_result(struct api_tap *t, struct api_tap_result *out); /* once, at the end */

/* What an answer's text is known by when it comes back in a later request. Shorter texts than this are not worth
 * knowing: "Yes." would tie strangers' conversations together. The key is a secret: SipHash promises nothing to who
 * knows it. */
enum { API_TEXT_MIN = 24 };
struct hash128 api_text_fingerprint(const uint8_t key[16], struct span text) MUST;

/* Splice: the body with parts replaced. Edits are sorted, disjoint, in raw offsets between quotes; replacement bytes
 * are already JSON-escaped. */
struct splice_edit {
	uint32_t raw_start, raw_end;
	struct span with;
};
enum err splice_apply(struct span body, const struct splice_edit *edits, size_t n, struct buf *out) MUST;

#endif
