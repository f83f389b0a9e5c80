#include <stdio.h>

#include "proxy/wire/api.h"

/* Error types of both families by status (their documentation of errors); a 5xx is the last row's. */
static const struct {
	int status;
	const char *openai, *anthropic;
} types[] = {
	{401, "authentication_error", "authentication_error"},
	{402, "insufficient_quota", "billing_error"},
	{403, "permission_error", "permission_error"},
	{404, "invalid_request_error", "not_found_error"},
	{413, "invalid_request_error", "request_too_large"},
	{429, "rate_limit_error", "rate_limit_error"},
	{504, "server_error", "timeout_error"},
	{529, "server_error", "overloaded_error"},
};

static bool is_busy(enum err e)
{
	return e == ERR_QUEUE_FULL || e == ERR_ENGINE_DOWN || e == ERR_OVERLOAD || e == ERR_SHUTDOWN;
}

static const char *type_name(enum api_family family, enum err e, int status)
{
	bool anthropic = family == API_ANTHROPIC;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].status == status)
			return anthropic ? types[i].anthropic : types[i].openai;
	if (status < 500)
		return "invalid_request_error";
	if (!anthropic)
		return "server_error";
	return is_busy(e) ? "overloaded_error" : "api_error";
}

/* Can the same request fare better in a moment? Clients then decide for themselves; else they are told not to retry. */
static bool retry_may_help(enum err e, int status)
{
	if (status < 500)
		return status == 408 || status == 429;
	return is_busy(e) || e == ERR_DNS || e == ERR_CONNECT || e == ERR_UPSTREAM || e == ERR_UPSTREAM_GONE ||
	       e == ERR_UPSTREAM_TIMEOUT;
}

enum { BUSY_RETRY_S = 5 };

static void add_message(struct buf *b, const struct api_error *e)
{
	struct buf text = {0};
	buf_add(&text, e->message.p != NULL ? e->message : span_str(err_text(e->err)));
	if (e->record != 0)
		buf_printf(&text, " (decision record %llu)", (unsigned long long)e->record);
	if (e->rule.p != NULL) {
		buf_add_str(&text, "; rule: ");
		buf_add(&text, e->rule);
	}
	if (e->contact.p != NULL) {
		buf_add_str(&text, "; contact: ");
		buf_add(&text, e->contact);
	}
	if (buf_err(&text) != ERR_OK)
		b->err = buf_err(&text);
	buf_add_json(b, buf_span(&text));
	buf_fini(&text);
}

static void add_body(struct buf *b, enum api_family family, const struct api_error *e, int status)
{
	const char *type = type_name(family, e->err, status);
	if (family == API_ANTHROPIC) {
		buf_printf(b, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", type);
		add_message(b, e);
		if (e->record != 0)
			buf_printf(b, "},\"request_id\":\"record-%llu\"}", (unsigned long long)e->record);
		else
			buf_add_str(b, "},\"request_id\":null}");
		return;
	}
	buf_add_str(b, "{\"error\":{\"message\":");
	add_message(b, e);
	buf_printf(b, ",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}", type, err_reason(e->err));
}

static enum err add_number(struct http_head *head, struct arena *arena, struct span name, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	struct span value = arena_dup(arena, span_of(text, (size_t)n));
	return value.p == NULL ? ERR_NOMEM : http_add(head, name, value);
}

enum err api_error_write(enum api_family family, const struct api_error *e, struct arena *arena, struct http_head *head,
			 struct buf *body)
{
	int status = e->status != 0 ? e->status : err_status(e->err);
	size_t before = body->n;
	add_body(body, family, e, status);
	if (buf_err(body) != ERR_OK)
		return buf_err(body);
	*head = (struct http_head){.status = (uint16_t)status,
				   .minor = 1,
				   .framing = HTTP_LENGTH,
				   .length = body->n - before,
				   .keep_alive = true};
	enum err r = http_add(head, SPAN("content-type"), SPAN("application/json"));
	if (r == ERR_OK && !retry_may_help(e->err, status))
		r = http_add(head, SPAN("x-should-retry"), SPAN("false"));
	uint32_t after = e->retry_after_s != 0 ? e->retry_after_s : is_busy(e->err) ? BUSY_RETRY_S : 0;
	if (r == ERR_OK && after != 0)
		r = add_number(head, arena, SPAN("retry-after"), after);
	return r;
}
