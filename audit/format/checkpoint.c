#include "audit/format/checkpoint.h"

#include <inttypes.h>

#include "audit/format/base64.h"

enum { MAX_ORIGIN = 1024, MAX_NOTE_PROOF = 63 };

/* Takes one line off the front; false if no newline is left. */
static bool take_line(struct span *in, struct span *line)
{
	size_t end = span_find(*in, '\n');
	if (end == in->n)
		return false;
	*line = span_sub(*in, 0, end);
	*in = span_sub(*in, end + 1, in->n);
	return true;
}

/* Decimal without leading zeros. */
static bool parse_size(struct span s, uint64_t *out)
{
	return span_u64(s, out) && (s.n == 1 || s.p[0] != '0') && *out <= TREE_MAX_SIZE;
}

static enum err parse_hash(struct span s, struct tree_hash *out)
{
	size_t n;
	enum err err = base64_decode(s, out->b, sizeof out->b, &n);
	return err != ERR_OK || n != sizeof out->b ? ERR_SYNTAX : ERR_OK;
}

enum err checkpoint_parse(struct span in, struct checkpoint *out)
{
	struct span size, root;
	*out = (struct checkpoint){0};
	if (!take_line(&in, &out->origin) || !take_line(&in, &size) || !take_line(&in, &root) || in.n != 0)
		return ERR_SYNTAX;
	if (out->origin.n == 0 || out->origin.n > MAX_ORIGIN || !parse_size(size, &out->size))
		return ERR_SYNTAX;
	return parse_hash(root, &out->root);
}

static void add_hash(const struct tree_hash *h, struct buf *out)
{
	base64_encode(span_of(h->b, sizeof h->b), out);
	buf_add_byte(out, '\n');
}

void checkpoint_format(const struct checkpoint *c, struct buf *out)
{
	buf_add(out, c->origin);
	buf_printf(out, "\n%" PRIu64 "\n", c->size);
	add_hash(&c->root, out);
}

enum err sign_request_parse(struct span in, struct sign_request *out)
{
	const struct span old = SPAN("old ");
	struct span line;
	*out = (struct sign_request){0};
	if (!take_line(&in, &line) || !span_starts(line, old) || !parse_size(span_sub(line, old.n, line.n), &out->old))
		return ERR_SYNTAX;
	while (take_line(&in, &line) && line.n > 0) {
		if (out->proof.n == MAX_NOTE_PROOF)
			return ERR_LIMIT;
		enum err err = parse_hash(line, &out->proof.path[out->proof.n++]);
		if (err != ERR_OK)
			return err;
	}
	out->text = in;
	return in.n > 0 ? ERR_OK : ERR_SYNTAX;
}

void sign_request_format(const struct sign_request *r, struct buf *out)
{
	buf_printf(out, "old %" PRIu64 "\n", r->old);
	for (size_t i = 0; i < r->proof.n; i++)
		add_hash(&r->proof.path[i], out);
	buf_add_byte(out, '\n');
	buf_add(out, r->text);
}

enum err sign_answer_parse(struct span in, struct sign_answer *out)
{
	static const unsigned known[] = {200, 400, 409, 422, 500};
	struct span line;
	uint64_t status = 0;
	*out = (struct sign_answer){0};
	if (!take_line(&in, &line) || line.n < 3 || !span_u64(span_sub(line, 0, 3), &status))
		return ERR_SYNTAX;
	struct span rest = span_sub(line, 3, line.n);
	bool sized = status == 409;
	if (sized ? rest.n < 2 || rest.p[0] != ' ' || !parse_size(span_sub(rest, 1, rest.n), &out->size) : rest.n != 0)
		return ERR_SYNTAX;
	if ((status == 200) != (in.n > 0))
		return ERR_SYNTAX;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == status)
			out->status = known[i];
	out->note = in;
	return out->status != 0 ? ERR_OK : ERR_SYNTAX;
}

void sign_answer_format(const struct sign_answer *a, struct buf *out)
{
	if (a->status == 409)
		buf_printf(out, "409 %" PRIu64 "\n", a->size);
	else
		buf_printf(out, "%u\n", a->status);
	if (a->status == 200)
		buf_add(out, a->note);
}

unsigned sign_judge(const struct checkpoint *last, struct span request, struct checkpoint *next)
{
	struct sign_request r;
	if (sign_request_parse(request, &r) != ERR_OK || checkpoint_parse(r.text, next) != ERR_OK ||
	    !span_eq(next->origin, last->origin) || r.old > next->size)
		return 400;
	if (r.old != last->size)
		return 409;
	/* What was signed first, of the empty log, needs no proof: nothing can contradict it. */
	struct tree_frontier nothing = {0};
	struct tree_hash root = last->size == 0 ? tree_root(&nothing) : last->root;
	if (tree_verify_consistency(r.old, next->size, &root, &next->root, &r.proof) != ERR_OK)
		return 422;
	return 200;
}
