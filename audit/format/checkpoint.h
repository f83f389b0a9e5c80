/* Checkpoints (C2SP tlog-checkpoint) and the request by which the writer asks the signer for one.
 *
 * A checkpoint's text is "origin\nsize\nbase64(root)\n", without extension lines.
 *
 * The signer listens on a Unix stream socket. Both directions carry frames: a 32-bit big-endian length, then as many
 * bytes, at most SIGN_FRAME_MAX. A request has the shape of a witness's add-checkpoint (C2SP tlog-witness):
 *
 *     old <size>\n                the size the caller believes was signed last
 *     <base64 hash>\n             … as many as the consistency proof has
 *     \n
 *     <checkpoint text>
 *
 * An answer is "200\n" and the signed note; "409 <size>\n" when another size was signed last (ask again from there);
 * "422\n" when the proof does not hold or the tree would shrink; "400\n" for what cannot be read or is of another
 * origin; "500\n" when the signer could not persist what it was about to sign. */
#ifndef AUDIT_FORMAT_CHECKPOINT_H
#define AUDIT_FORMAT_CHECKPOINT_H

#include "audit/format/tree.h"
#include "base/buf.h"

struct checkpoint {
	struct span origin;
	uint64_t size;
	struct tree_hash root;
};
/* The origin points into in. */
enum err checkpoint_parse(struct span in, struct checkpoint *out) MUST;
void checkpoint_format(const struct checkpoint *c, struct buf *out);

enum { SIGN_FRAME_MAX = 16384 };
struct sign_request {
	uint64_t old;
	struct tree_proof proof;
	struct span text; /* of the checkpoint; points into the input */
};
enum err sign_request_parse(struct span in, struct sign_request *out) MUST;
void sign_request_format(const struct sign_request *r, struct buf *out);

struct sign_answer {
	unsigned status;
	uint64_t size;    /* with 409 */
	struct span note; /* with 200; points into the input */
};
enum err sign_answer_parse(struct span in, struct sign_answer *out) MUST;
void sign_answer_format(const struct sign_answer *a, struct buf *out);

/* The signer's whole judgement. last is what was signed last (size 0 at first; its origin is the only one accepted).
 * Returns the status to answer; with 200, next is what may be signed once it is persisted: it has the size and root of
 * last or extends it. */
unsigned sign_judge(const struct checkpoint *last, struct span request, struct checkpoint *next) MUST;

#endif
