/* The in-memory double of a stream, for tests of whoever owns streams. What the owner does is recorded in buffers; what
 * the peer does, the test injects. It keeps the rules of stream.h and checks that the owner does:
 *
 * - events come from the functions below only, never from inside a call of the owner;
 * - `closed` is due after both ends, a reset or the peer's going, is delivered by stream_mem_run (the loop's turn) and
 *   exactly once, and nothing follows it;
 * - the owner sends heads before the body, one final head, no more and no less than the announced length, nothing
 * behind the end, and consumes no more than it got. Breaking a rule is an invariant failure: the test's owner is wrong.
 */
#ifndef WIRE_STREAM_MEM_H
#define WIRE_STREAM_MEM_H

#include "base/buf.h"
#include "proxy/wire/stream.h"

enum stream_mem_side { STREAM_MEM_SERVER, STREAM_MEM_CLIENT };
enum { STREAM_MEM_MAX_HEADS = 8, STREAM_MEM_WINDOW = 256 * 1024, STREAM_MEM_LOW_WATER = 16 * 1024 };

struct stream_mem_ref; /* output that waits */

struct stream_mem {
	struct stream stream; /* give this one to the owner */
	struct stream_peer peer;
	enum stream_mem_side side;

	/* What the owner did; to be read by the test. */
	struct http_head sent_head[STREAM_MEM_MAX_HEADS]; /* copies; 1xx first, the final one last */
	size_t n_heads;
	struct buf sent; /* body bytes that have left */
	bool sent_end;
	struct http_head trailers; /* that it ended the body with; a copy */
	size_t consumed;
	bool was_reset;
	enum err reset_why;

	/* How the double behaves; to be set by the test. */
	bool hold;          /* output waits until stream_mem_flush */
	size_t window;      /* received bytes that may be unconsumed; STREAM_MEM_WINDOW at first */
	enum err fail_send; /* what the next send answers, once, without effect */

	/* Its own. */
	struct buf texts[STREAM_MEM_MAX_HEADS]; /* what sent_head points into */
	struct buf trailer_texts;
	struct stream_mem_ref *first, *last;
	size_t pending;
	uint64_t body_sent, delivered;
	bool final_head, got_head, got_end, inside, over_low_water, closing, closed;
	enum err why;
};

void stream_mem_init(struct stream_mem *m, enum stream_mem_side side);
void stream_mem_fini(struct stream_mem *m);

/* The peer sends: a head (it and what it points to must hold until `closed`, for 1xx until return), body bytes, the
 * end. stream_mem_body delivers what the window has room for and returns how much that was. Once the stream is closed
 * or reset they deliver nothing, as the bytes would have been lost. */
void stream_mem_head(struct stream_mem *m, const struct http_head *head);
size_t stream_mem_body(struct stream_mem *m, struct span data);
void stream_mem_end(struct stream_mem *m);
/* Server side, instead of a head: the request was no HTTP; the owner answers and the connection closes. */
void stream_mem_malformed(struct stream_mem *m, enum err why);
/* Trailer fields, right before stream_mem_end. */
void stream_mem_trailers(struct stream_mem *m, const struct http_head *fields);
/* Server side, instead of more body: it cannot be read. */
void stream_mem_broken(struct stream_mem *m, enum err why);
/* The peer is gone, or what it sent was no HTTP: `closed` with why is due. */
void stream_mem_close(struct stream_mem *m, enum err why);
/* At most n bytes of the waiting output leave; then `writable`, if the low-water mark was passed. */
void stream_mem_flush(struct stream_mem *m, size_t n);
/* The loop's turn: delivers `closed` if it is due. Was it? */
bool stream_mem_run(struct stream_mem *m);

#endif
