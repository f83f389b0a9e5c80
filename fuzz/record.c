/* Record bodies, leaves, notes, keys, checkpoints and requests to sign: the first byte says which, the rest is the
 * input. A decision that is accepted must be what its encoder writes. */
#include <stdlib.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/format/record.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena arena;
static struct facts facts;

static void decision(struct span in)
{
	struct record_decision d;
	struct buf again = {0};
	if (record_decision_decode(in, &arena, &d, &facts) == ERR_OK) {
		INVARIANT(record_decision_encode(&d, &again) == ERR_OK);
		INVARIANT(span_eq(buf_span(&again), in));
	}
	buf_fini(&again);
}

static void attempt(struct span in)
{
	struct record_attempt a;
	struct buf again = {0};
	if (record_attempt_decode(in, &arena, &a) == ERR_OK) {
		INVARIANT(record_attempt_encode(&a, &again) == ERR_OK);
		INVARIANT(span_eq(buf_span(&again), in));
	}
	buf_fini(&again);
}

static void outcome(struct span in)
{
	struct record_outcome o;
	struct buf again = {0};
	if (record_outcome_decode(in, &arena, &o) == ERR_OK) {
		INVARIANT(record_outcome_encode(&o, &again) == ERR_OK);
		INVARIANT(span_eq(buf_span(&again), in));
	}
	buf_fini(&again);
}

static void others(struct span in)
{
	struct record_refusals r;
	struct record_event e;
	struct leaf l;
	uint64_t sequence;
	(void)!record_refusals_decode(in, &arena, &r);
	(void)!record_event_decode(in, &arena, &e);
	(void)!leaf_decode(in, &l);
	(void)!record_decision_of(in, &sequence);
}

static void texts(struct span in)
{
	struct note n;
	struct note_vkey vkey;
	struct checkpoint c;
	struct sign_answer a;
	struct checkpoint last = {.origin = SPAN("log")};
	if (note_vkey_parse(in, &vkey) == ERR_OK) {
		struct buf again = {0};
		note_vkey_format(&vkey, &again);
		INVARIANT(span_eq(buf_span(&again), in));
		buf_fini(&again);
	}
	if (note_parse(in, &n) == ERR_OK)
		(void)!checkpoint_parse(n.text, &c);
	(void)!sign_answer_parse(in, &a);
	(void)!sign_judge(&last, in, &c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf json = {0};
	if (size == 0)
		return 0;
	struct span in = span_of(data + 1, size - 1);
	arena_init(&arena, 1 << 22);
	switch (data[0] % 5) {
	case 0:
		decision(in);
		break;
	case 1:
		attempt(in);
		break;
	case 2:
		outcome(in);
		break;
	case 3:
		others(in);
		break;
	default:
		texts(in);
	}
	for (int kind = LEAF_DECISION; kind <= LEAF_STOP; kind++)
		(void)!record_json((enum leaf_kind)kind, in, &json);
	buf_fini(&json);
	arena_fini(&arena);
	return 0;
}
