/* Runs of base64, base32 and hexadecimal, and lists of bytes, that hold text. */
#include "classifiers/reading.h"

#include "base/utf8.h"
#include "classifiers/inflate.h"
#include "classifiers/scan.h"
#include "classifiers/window.h"

#include <stdlib.h>

/* From RUN_MIN characters on a run may hold any text, from SHORT_MIN on a number. */
enum { RUN_MIN = 11, SHORT_MIN = 7, RUN_MAX = 1 << 20, LINE_MIN = 60, SAMPLE_MAX = 3072, PAIRS_MIN = 6 };

static int hex_value(uint8_t b)
{
	return ascii_digit(b) ? b - '0' : (b | 32) >= 'a' && (b | 32) <= 'f' ? (b | 32) - 'a' + 10 : -1;
}

static int base64_value(uint8_t b)
{
	if (b >= 'A' && b <= 'Z')
		return b - 'A';
	if (b >= 'a' && b <= 'z')
		return b - 'a' + 26;
	if (ascii_digit(b))
		return b - '0' + 52;
	return b == '+' || b == '-' ? 62 : b == '/' || b == '_' ? 63 : -1;
}

static int base32_value(uint8_t b)
{
	return b >= 'A' && b <= 'Z' ? b - 'A' : b >= '2' && b <= '7' ? b - '2' + 26 : -1;
}

/* How a run is read: bits a character; for a list of bytes what stands in front of each pair. */
struct alphabet {
	unsigned bits;
	int (*value)(uint8_t b);
};
static const struct alphabet hexadecimal = {4, hex_value}, base32 = {5, base32_value}, base64 = {6, base64_value};

static bool line_end(uint8_t b)
{
	return b == '\n' || b == '\r';
}

static bool all_of(struct span run, int (*value)(uint8_t b))
{
	for (size_t i = 0; i < run.n; i++)
		if (value(run.p[i]) < 0 && !line_end(run.p[i]))
			return false;
	return true;
}

/* Bytes out of a run, one at a time; the place each came from. */
struct bytes {
	struct span run;
	const struct alphabet *alphabet;
	bool list; /* pairs of hexadecimal digits with something between them */
	uint32_t acc;
	unsigned bits;
	size_t at, from;
};

static bool next_listed(struct bytes *b, uint8_t *out, size_t *from)
{
	const uint8_t *p = b->run.p;
	while (b->at < b->run.n && !ascii_alnum(p[b->at]))
		b->at++;
	if (b->at + 4 <= b->run.n && (p[b->at + 1] | 32) == 'x')
		b->at += 2;
	if (b->at + 2 > b->run.n)
		return false;
	*from = b->at;
	*out = (uint8_t)(hex_value(p[b->at]) << 4 | hex_value(p[b->at + 1]));
	b->at += 2;
	return true;
}

static bool next_byte(struct bytes *b, uint8_t *out, size_t *from)
{
	if (b->list)
		return next_listed(b, out, from);
	while (b->at < b->run.n) {
		int v = b->alphabet->value(b->run.p[b->at++]);
		if (v < 0)
			continue;
		b->acc = b->acc << b->alphabet->bits | (uint32_t)v;
		b->bits += b->alphabet->bits;
		if (b->bits < 8)
			continue;
		b->bits -= 8;
		*out = (uint8_t)(b->acc >> b->bits);
		*from = b->from;
		b->from = b->bits == 0 ? b->at : b->at - 1;
		return true;
	}
	return false;
}

/* What a run holds. */
enum content { CONTENT_NONE, CONTENT_TEXT, CONTENT_WIDE, CONTENT_DEFLATED };

static bool printable(uint8_t b)
{
	return (b >= 0x20 && b < 0x7f) || b == '\n' || b == '\r' || b == '\t';
}

/* UTF-8, mostly letters, digits and blanks. The sample may be cut within a character. */
static bool is_text(const uint8_t *p, size_t n, size_t least)
{
	size_t good = 0, letters = 0;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = utf8_decode(span_of(p + i, n - i), &cp);
		len = len == 0 ? 1 : len;
		bool fine = len > 1 ? cp >= 0xa0 : printable(p[i]);
		good += fine ? len : 0;
		letters += fine && (len > 1 || ascii_alnum(p[i]) || p[i] == ' ') ? len : 0;
		i += len;
	}
	return n >= least && good * 100 >= n * 80 && letters * 2 >= n;
}

static bool of_number(uint8_t b)
{
	return ascii_digit(b) || (b >= 'A' && b <= 'Z') || b == '-' || b == '.' || b == ' ' || b == '/' || b == ':';
}

/* In a short run only what looks like a number counts: any word is a short run. */
static bool is_number(const uint8_t *p, size_t n)
{
	size_t digits = 0;
	for (size_t i = 0; i < n; i++) {
		if (!of_number(p[i]))
			return false;
		digits += ascii_digit(p[i]);
	}
	return n >= 4 && 2 * digits >= n;
}

/* UTF-16: every second byte is zero. */
static bool is_wide(const uint8_t *p, size_t n)
{
	size_t zeros[2] = {0, 0}, good = 0;
	for (size_t i = 0; i < n; i++) {
		zeros[i % 2] += p[i] == 0;
		good += printable(p[i]);
	}
	return n >= 8 && (zeros[0] >= n / 2 || zeros[1] >= n / 2) && zeros[0] + zeros[1] + good >= n - 2;
}

static enum content content_of(struct bytes b)
{
	uint8_t sample[SAMPLE_MAX] __attribute__((uninitialized));
	size_t n = 0, from, length = b.run.n;
	bool list = b.list;
	bool number = length < RUN_MIN && !list;
	while (n < sizeof sample && next_byte(&b, &sample[n], &from)) {
		if (number && !of_number(sample[n])) {
			explicit_bzero(sample, n + 1);
			return CONTENT_NONE;
		}
		n++;
	}
	enum content c = CONTENT_NONE;
	if (number)
		c = is_number(sample, n) ? CONTENT_TEXT : CONTENT_NONE;
	else if (inflate_magic(span_of(sample, n)))
		c = CONTENT_DEFLATED;
	else if (is_wide(sample, n))
		c = CONTENT_WIDE;
	else if (is_text(sample, n, 6))
		c = CONTENT_TEXT;
	explicit_bzero(sample, n);
	return c;
}

struct inflated {
	struct reading *out;
	struct origin origin;
};

static bool add_inflated(void *arg, struct span bytes)
{
	struct inflated *x = arg;
	for (size_t i = 0; i < bytes.n; i++)
		reading_add(x->out, bytes.p[i], x->origin, CHANGE_DECODED);
	return x->out->err == ERR_OK;
}

static void write_inflated(struct window *w, struct bytes b, struct origin origin)
{
	uint8_t *packed = malloc(b.run.n);
	size_t n = 0, from;
	if (packed == NULL) {
		w->out->err = ERR_NOMEM;
		return;
	}
	while (n < b.run.n && next_byte(&b, &packed[n], &from))
		n++;
	struct inflated x = {w->out, origin};
	if (inflate_run(span_of(packed, n), add_inflated, &x) == ERR_LIMIT)
		w->out->err = ERR_LIMIT;
	explicit_bzero(packed, n);
	free(packed);
}

static void write_run(struct window *w, size_t at, size_t end, struct bytes b, enum content content)
{
	const struct source *src = w->src;
	uint8_t byte;
	size_t from;
	window_change(w, at, end);
	/* A word of its own: what stands in front is context, not part of it. */
	reading_add(w->out, ' ', source_origin(src, at, at + 1), CHANGE_DECODED);
	if (content == CONTENT_DEFLATED)
		write_inflated(w, b, source_origin(src, at, end));
	else
		while (next_byte(&b, &byte, &from))
			if (content != CONTENT_WIDE || byte != 0)
				reading_add(w->out, byte, source_origin(src, at + from, at + b.at), CHANGE_DECODED);
	reading_add(w->out, ' ', source_origin(src, end - 1, end), CHANGE_DECODED);
}

/* Characters of the widest alphabet; long lines go on in the next. */
static size_t run_end(struct span t, size_t at)
{
	size_t end = at, line = at;
	while (end < t.n) {
		if (base64_value(t.p[end]) >= 0) {
			end++;
			continue;
		}
		size_t next = end + (t.p[end] == '\r');
		if (next >= t.n || t.p[next] != '\n' || end - line < LINE_MIN || next + 1 >= t.n ||
		    base64_value(t.p[next + 1]) < 0)
			break;
		line = end = next + 1;
	}
	return end;
}

static bool try_run(struct window *w, size_t at, size_t end, size_t tail)
{
	struct span run = span_sub(w->src->text, at, end);
	const struct alphabet *const all[] = {&hexadecimal, &base32, &base64};
	if (run.n < SHORT_MIN || run.n > RUN_MAX)
		return false;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if ((all[i] == &hexadecimal && run.n % 2 != 0) || !all_of(run, all[i]->value))
			continue;
		struct bytes b = {.run = run, .alphabet = all[i]};
		enum content content = content_of(b);
		if (content == CONTENT_NONE)
			continue;
		write_run(w, at, tail, b, content);
		return true;
	}
	return false;
}

/* "34 35 33", "0x34, 0x35": where the list that starts at at ends, and how many bytes it has. */
static size_t list_end(struct span t, size_t at, size_t *pairs)
{
	size_t end = at;
	*pairs = 0;
	for (size_t i = at; i + 2 <= t.n;) {
		i += i + 4 <= t.n && t.p[i] == '0' && (t.p[i + 1] | 32) == 'x' ? 2 : 0;
		if (hex_value(t.p[i]) < 0 || hex_value(t.p[i + 1]) < 0 || (i + 2 < t.n && ascii_alnum(t.p[i + 2])))
			break;
		(*pairs)++;
		end = i + 2;
		for (i = end; i < t.n && i - end < 3 && strchr(" ,:\n\t", t.p[i]) != NULL && t.p[i] != 0; i++)
			;
		if (i == end)
			break;
	}
	return end;
}

static size_t try_list(struct window *w, size_t at)
{
	size_t pairs, end = list_end(w->src->text, at, &pairs);
	if (pairs < PAIRS_MIN)
		return end;
	struct bytes b = {.run = span_sub(w->src->text, at, end), .list = true};
	enum content content = content_of(b);
	if (content != CONTENT_NONE)
		write_run(w, at, end, b, content);
	return end;
}

void read_encoded(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	struct span t = src->text;
	for (size_t i = 0; i < t.n;) {
		if (base64_value(t.p[i]) < 0) {
			i++;
			continue;
		}
		size_t end = run_end(t, i), tail = end;
		while (tail < t.n && t.p[tail] == '=' && tail - end < 6)
			tail++;
		if (!try_run(&w, i, end, tail) && end - i <= 4 && ascii_alnum(t.p[i])) {
			size_t list = try_list(&w, i);
			tail = list > tail ? list : tail;
		}
		i = tail;
	}
	window_end(&w);
}
