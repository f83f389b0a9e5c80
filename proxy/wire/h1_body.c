/* Reading bodies: RFC 9112 §6.3 and §7.1. The chunk machine is stricter than the grammar where that names bad
 * whitespace and bare line feeds; what it has checked and dropped cannot mean something else to the next hop. */
#include "proxy/wire/h1.h"
#include "proxy/wire/h1_head.h"
#include "proxy/wire/http_text.h"

enum { MAX_DIGITS = 16, MAX_EXTENSION_LINE = 1024, MAX_EXTENSIONS = 16 * 1024, MAX_TRAILER = 8 * 1024 };

enum chunk_state {
	CHUNK_SIZE_FIRST, /* the first digit of a size */
	CHUNK_SIZE,
	CHUNK_EXT_NAME_FIRST, /* behind ';' */
	CHUNK_EXT_NAME,
	CHUNK_EXT_VALUE_FIRST, /* behind '=' */
	CHUNK_EXT_TOKEN,
	CHUNK_EXT_QUOTED,
	CHUNK_EXT_ESCAPED,  /* behind a backslash in quotes */
	CHUNK_EXT_UNQUOTED, /* behind the closing quote */
	CHUNK_LINE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	TRAILER_FIRST, /* the first byte of a trailer line, or of the last line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
};

/* RFC 9110 §6.5.1: fields that frame, route, authenticate, condition or describe content are read from heads only.
 * A name at the end of which there is a '-' stands for all that begin so. None is longer than h1_body.name. */
static const struct span forbidden_trailers[] = {
	SPAN("accept-"),
	SPAN("age"),
	SPAN("api-key"),
	SPAN("authorization"),
	SPAN("authentication-"),
	SPAN("bailiwick-"),
	SPAN("cache-control"),
	SPAN("connection"),
	SPAN("content-"),
	SPAN("cookie"),
	SPAN("date"),
	SPAN("expect"),
	SPAN("expires"),
	SPAN("forwarded"),
	SPAN("host"),
	SPAN("if-"),
	SPAN("keep-alive"),
	SPAN("location"),
	SPAN("max-forwards"),
	SPAN("pragma"),
	SPAN("proxy-"),
	SPAN("range"),
	SPAN("retry-after"),
	SPAN("set-cookie"),
	SPAN("te"),
	SPAN("trailer"),
	SPAN("transfer-encoding"),
	SPAN("upgrade"),
	SPAN("vary"),
	SPAN("via"),
	SPAN("www-authenticate"),
	SPAN("x-api-key"),
	SPAN("x-forwarded-"),
	SPAN("x-goog-api-key"),
};

void h1_body_init(struct h1_body *b, const struct http_head *head)
{
	*b = (struct h1_body){.framing = head->framing, .state = CHUNK_SIZE_FIRST, .why = H1_REJECT_COUNT};
	b->left = head->framing == HTTP_LENGTH ? head->length : 0;
	b->done = head->framing == HTTP_NO_BODY || (head->framing == HTTP_LENGTH && head->length == 0);
}

bool h1_trailer_forbidden(struct span name)
{
	for (size_t i = 0; i < sizeof forbidden_trailers / sizeof *forbidden_trailers; i++) {
		struct span f = forbidden_trailers[i];
		bool family = f.p[f.n - 1] == '-';
		if (name.n < f.n || (!family && name.n > f.n))
			continue;
		if (span_eq_nocase(span_sub(name, 0, f.n), f))
			return true;
	}
	return false;
}

static bool trailer_is_forbidden(const struct h1_body *b)
{
	return h1_trailer_forbidden(span_of(b->name, b->line < sizeof b->name ? b->line : sizeof b->name));
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum h1_reject to(struct h1_body *b, enum chunk_state next)
{
	b->state = (int)next;
	return H1_REJECT_COUNT;
}

/* Goes on where `c` leads from a place where the size line may end: CR, or another extension. */
static enum h1_reject end_of_extension(struct h1_body *b, uint8_t c, enum h1_reject otherwise)
{
	if (c == '\r')
		return to(b, CHUNK_LINE_LF);
	if (c == ';')
		return to(b, CHUNK_EXT_NAME_FIRST);
	return c == '\n' ? H1_REJECT_CHUNK_LINE : otherwise;
}

static enum h1_reject take_size(struct h1_body *b, uint8_t c)
{
	int digit = hex_value(c);
	if (digit < 0)
		return b->digits == 0 ? H1_REJECT_CHUNK_SIZE : end_of_extension(b, c, H1_REJECT_CHUNK_SIZE);
	if (++b->digits > MAX_DIGITS || b->left > INT64_MAX >> 4)
		return H1_REJECT_CHUNK_OVERFLOW;
	b->left = b->left << 4 | (uint64_t)digit;
	return to(b, CHUNK_SIZE);
}

static enum h1_reject take_extension(struct h1_body *b, uint8_t c)
{
	const enum h1_reject bad = c == '\n' ? H1_REJECT_CHUNK_LINE : H1_REJECT_CHUNK_EXTENSION;
	if (++b->line > MAX_EXTENSION_LINE || ++b->extensions > MAX_EXTENSIONS)
		return H1_REJECT_CHUNK_EXTENSION_SIZE;
	switch (b->state) {
	case CHUNK_EXT_NAME_FIRST:
		return http_is_tchar(c) ? to(b, CHUNK_EXT_NAME) : bad;
	case CHUNK_EXT_NAME:
		if (c == '=')
			return to(b, CHUNK_EXT_VALUE_FIRST);
		return http_is_tchar(c) ? H1_REJECT_COUNT : end_of_extension(b, c, bad);
	case CHUNK_EXT_VALUE_FIRST:
		if (c == '"')
			return to(b, CHUNK_EXT_QUOTED);
		return http_is_tchar(c) ? to(b, CHUNK_EXT_TOKEN) : bad;
	case CHUNK_EXT_TOKEN:
		return http_is_tchar(c) ? H1_REJECT_COUNT : end_of_extension(b, c, bad);
	case CHUNK_EXT_QUOTED:
		if (c == '"')
			return to(b, CHUNK_EXT_UNQUOTED);
		if (c == '\\')
			return to(b, CHUNK_EXT_ESCAPED);
		return http_is_vchar(c) ? H1_REJECT_COUNT : bad;
	case CHUNK_EXT_ESCAPED:
		return http_is_vchar(c) ? to(b, CHUNK_EXT_QUOTED) : bad;
	default: /* CHUNK_EXT_UNQUOTED; state is an int in the contract */
		return end_of_extension(b, c, bad);
	}
}

/* The line feed of a size line: data follows, or the trailer section behind the chunk of size 0. */
static enum h1_reject end_size_line(struct h1_body *b, uint8_t c)
{
	if (c != '\n')
		return H1_REJECT_CHUNK_LINE;
	b->digits = 0;
	b->line = 0;
	return to(b, b->left > 0 ? CHUNK_DATA : TRAILER_FIRST);
}

static enum h1_reject take_trailer_name(struct h1_body *b, uint8_t c)
{
	if (c == ':')
		return trailer_is_forbidden(b) ? H1_REJECT_TRAILER_FORBIDDEN : to(b, TRAILER_VALUE);
	if (!http_is_tchar(c))
		return c == '\n' ? H1_REJECT_TRAILER_LINE : H1_REJECT_TRAILER_NAME;
	if (b->line < sizeof b->name)
		b->name[b->line] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	b->line++;
	return H1_REJECT_COUNT;
}

static enum h1_reject take_trailer(struct h1_body *b, uint8_t c)
{
	if (++b->trailer > MAX_TRAILER)
		return H1_REJECT_TRAILER_TOO_LARGE;
	if (b->keep != NULL)
		buf_add_byte(b->keep, c);
	switch (b->state) {
	case TRAILER_FIRST:
		if (c == '\r')
			return to(b, LAST_LF);
		b->line = 0;
		b->state = TRAILER_NAME;
		return c == ':' ? H1_REJECT_TRAILER_NAME : take_trailer_name(b, c);
	case TRAILER_NAME:
		return take_trailer_name(b, c);
	case TRAILER_VALUE:
		if (c == '\r')
			return to(b, TRAILER_LF);
		if (c == '\n')
			return H1_REJECT_TRAILER_LINE;
		return http_is_vchar(c) ? H1_REJECT_COUNT : H1_REJECT_TRAILER_VALUE;
	case TRAILER_LF:
		return c == '\n' ? to(b, TRAILER_FIRST) : H1_REJECT_TRAILER_LINE;
	default: /* LAST_LF */
		b->done = c == '\n';
		return b->done ? H1_REJECT_COUNT : H1_REJECT_TRAILER_LINE;
	}
}

/* One byte that is not data. */
static enum h1_reject take_byte(struct h1_body *b, uint8_t c)
{
	switch ((enum chunk_state)b->state) {
	case CHUNK_SIZE_FIRST:
	case CHUNK_SIZE:
		return take_size(b, c);
	case CHUNK_EXT_NAME_FIRST:
	case CHUNK_EXT_NAME:
	case CHUNK_EXT_VALUE_FIRST:
	case CHUNK_EXT_TOKEN:
	case CHUNK_EXT_QUOTED:
	case CHUNK_EXT_ESCAPED:
	case CHUNK_EXT_UNQUOTED:
		return take_extension(b, c);
	case CHUNK_LINE_LF:
		return end_size_line(b, c);
	case CHUNK_DATA_CR:
		return c == '\r' ? to(b, CHUNK_DATA_LF) : H1_REJECT_CHUNK_DATA;
	case CHUNK_DATA_LF:
		return c == '\n' ? to(b, CHUNK_SIZE_FIRST) : H1_REJECT_CHUNK_DATA;
	case TRAILER_FIRST:
	case TRAILER_NAME:
	case TRAILER_VALUE:
	case TRAILER_LF:
	case LAST_LF:
		return take_trailer(b, c);
	case CHUNK_DATA: /* feed_chunked takes data whole */
		break;
	}
	return H1_REJECT_CHUNK_DATA;
}

/* As much of `in` as is payload. */
static struct span take_data(struct h1_body *b, struct span in)
{
	size_t n = b->framing == HTTP_UNTIL_CLOSE || in.n < b->left ? in.n : (size_t)b->left;
	b->total += n;
	b->left -= b->framing == HTTP_UNTIL_CLOSE ? 0 : n;
	return span_sub(in, 0, n);
}

static enum err feed_chunked(struct h1_body *b, struct span in, size_t *used, struct span *payload)
{
	size_t i = 0;
	while (i < in.n && !b->done && b->state != CHUNK_DATA) {
		b->why = take_byte(b, in.p[i++]);
		if (b->why != H1_REJECT_COUNT)
			return ERR_FRAMING;
	}
	if (i < in.n && b->state == CHUNK_DATA) {
		*payload = take_data(b, span_sub(in, i, in.n));
		i += payload->n;
		if (b->left == 0)
			b->state = CHUNK_DATA_CR;
	}
	*used = i;
	return payload->n > 0 || b->done ? ERR_OK : ERR_MORE;
}

enum err h1_body_feed(struct h1_body *b, struct span in, size_t *used, struct span *payload)
{
	*used = 0;
	*payload = SPAN_NULL;
	if (b->why != H1_REJECT_COUNT)
		return ERR_FRAMING;
	if (b->done)
		return ERR_OK;
	if (b->framing == HTTP_CHUNKED)
		return feed_chunked(b, in, used, payload);
	if (in.n == 0)
		return ERR_MORE;
	*payload = take_data(b, in);
	*used = payload->n;
	b->done = b->framing == HTTP_LENGTH && b->left == 0;
	return ERR_OK;
}

enum err h1_body_eof(struct h1_body *b)
{
	if (b->why != H1_REJECT_COUNT)
		return ERR_FRAMING;
	b->done = b->done || b->framing == HTTP_UNTIL_CLOSE;
	if (!b->done)
		b->why = H1_REJECT_BODY_CUT;
	return b->done ? ERR_OK : ERR_FRAMING;
}
