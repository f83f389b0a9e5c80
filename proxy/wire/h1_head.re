/* re2c-flags: -b --tags */
/* The strict grammar of the lines of a head: RFC 9112 §3 (request line), §4 (status line), §5 (field line). */
#include "proxy/wire/h1_head.h"

/* No bounds are checked: every line is followed by a line feed, no rule runs past one (see h1_head.h). */
/*!re2c
	re2c:define:YYCTYPE = "uint8_t";
	re2c:define:YYCURSOR = p;
	re2c:define:YYMARKER = marker;
	re2c:yyfill:enable = 0;
	re2c:indent:top = 1;

	crlf = "\r\n";
	digit = [0-9];
	hex = [0-9A-Fa-f];
	tchar = [!#$%&'*+\-.^_`|~0-9A-Za-z];
	vchar = [\t\x20-\x7e\x80-\xff];

	/* Path and query bytes of RFC 3986, and []{}|^` as URL libraries send them. */
	pchar = [A-Za-z0-9\-._~!$&'()*+,;=:@[\]{}|^`] | "%" hex hex;
	path = "/" (pchar | "/")*;
	query = (pchar | [/?])*;
	/* Looked at again by http_split_authority. */
	authority = [A-Za-z0-9\-._:[\]]+;
	version = "HTTP/1.";
*/

static struct span between(const uint8_t *from, const uint8_t *to)
{
	return from == NULL ? SPAN_NULL : span_of(from, (size_t)(to - from));
}

const uint8_t *h1_lex_request_line(const uint8_t *p, struct h1_request_line *out)
{
	const uint8_t *const start = p;
	const uint8_t *marker, *target, *at, *root, *mark, *end;
	/*!stags:re2c format = "const uint8_t *@@ = NULL;\n"; */
	*out = (struct h1_request_line){0};
	/*!re2c
		method = tchar+ " " @target;
		tail = @end " " version;

		method path ("?" @mark query)? tail [01] crlf {
			out->form = H1_ORIGIN;
			root = target;
			goto paths;
		}
		method 'http' 's'? "://" @at authority @root path? ("?" @mark query)? tail [01] crlf {
			out->form = H1_ABSOLUTE;
			out->scheme = between(target, at - 3);
			out->authority = between(at, root);
			goto paths;
		}
		method authority tail [01] crlf {
			out->form = H1_AUTHORITY;
			out->authority = between(target, end);
			goto done;
		}
		method "*" tail [01] crlf {
			out->form = H1_ASTERISK;
			out->path = between(target, end);
			goto done;
		}
		* { return NULL; }
	*/
paths:
	out->path = between(root, mark == NULL ? end : mark - 1);
	out->query = between(mark, end);
done:
	out->method = between(start, target - 1);
	out->target = between(target, end);
	out->minor = (uint8_t)(p[-3] - '0');
	return p;
}

const uint8_t *h1_lex_status_line(const uint8_t *p, struct h1_status_line *out)
{
	const uint8_t *const start = p;
	const uint8_t *marker;
	/*!re2c
		/* The space before an empty reason is often left out. */
		version [01] " " digit{3} (" " vchar*)? crlf {
			const uint8_t *code = start + sizeof "HTTP/1.1 " - 1;
			out->minor = (uint8_t)(code[-2] - '0');
			out->status = (uint16_t)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
			out->reason = code[3] == ' ' ? between(code + 4, p - 2) : SPAN_NULL;
			return p;
		}
		* { return NULL; }
	*/
}

/* p: behind the colon. */
static const uint8_t *lex_value(const uint8_t *p, struct span *value)
{
	const uint8_t *start;
	while (*p == ' ' || *p == '\t')
		p++;
	start = p;
	const uint8_t *marker;
	/*!re2c
		vchar* crlf {
			const uint8_t *end = p - 2;
			while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
				end--;
			*value = between(start, end);
			return p;
		}
		* { return NULL; }
	*/
}

const uint8_t *h1_lex_field(const uint8_t *p, struct http_field *out, enum h1_field *which)
{
	const uint8_t *const start = p;
	const uint8_t *marker;
	/*!re2c
		'host' ":"              { *which = H1_HOST; goto value; }
		'content-length' ":"    { *which = H1_CONTENT_LENGTH; goto value; }
		'transfer-encoding' ":" { *which = H1_TRANSFER_ENCODING; goto value; }
		'connection' ":"        { *which = H1_CONNECTION; goto value; }
		'expect' ":"            { *which = H1_EXPECT; goto value; }
		tchar+ ":"              { *which = H1_OTHER; goto value; }
		*                       { return NULL; }
	*/
value:
	out->name = between(start, p - 1);
	return lex_value(p, &out->value);
}
