#include <arpa/inet.h>
#include <inttypes.h>
#include <time.h>

#include "audit/format/codec.h"
#include "audit/format/record.h"

enum form {
	FORM_UINT,
	FORM_INT,
	FORM_TIME,
	FORM_HEX,
	FORM_TEXT,
	FORM_BOOL,
	FORM_FACTS,
	FORM_CLASSES,
	FORM_ORIGIN,
	FORM_VIEWS,
	FORM_APPLIES,
	FORM_PLACE,
	FORM_APPROVAL,
	FORM_TRANSFORMS,
	FORM_COUNTRIES,
	FORM_IP,
	FORM_MAP,
	FORM_LIST,
};

enum map {
	MAP_NONE,
	MAP_DECISION,
	MAP_DATA,
	MAP_CANDIDATE,
	MAP_REGIME,
	MAP_FIRED,
	MAP_VERDICT,
	MAP_ATTEMPT,
	MAP_OUTCOME,
	MAP_REFUSALS,
	MAP_REASON,
	MAP_EVENT,
	MAP_DETAIL,
};

struct field {
	enum map map;
	uint8_t key;
	const char *json;
	enum form form;
	enum map sub;
};

static const struct field fields[] = {
#define FIELD(map, key, name, json, form, sub) {MAP_##map, key, json, FORM_##form, MAP_##sub},
#include "audit/format/record.def"
#undef FIELD
};

static const struct field *field_of(enum map map, uint64_t key)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].map == map && fields[i].key == key)
			return &fields[i];
	return NULL;
}

static void comma(struct buf *out, bool *first)
{
	if (!*first)
		buf_add_byte(out, ',');
	*first = false;
}

static void json_name(struct buf *out, bool *first, const char *name)
{
	comma(out, first);
	buf_add_json(out, span_str(name));
	buf_add_byte(out, ':');
}

void record_json_time(uint64_t ns, struct buf *out)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[32];
	size_t n = gmtime_r(&seconds, &tm) == NULL ? 0 : strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "\"%.*s.%09" PRIu64 "Z\"", (int)n, text, ns % 1000000000);
}

static void json_date(int64_t day, struct buf *out)
{
	struct tm tm;
	char text[32];
	time_t seconds = 0;
	bool fits = !__builtin_mul_overflow(day, 86400, &seconds);
	if (fits && day >= -1000000 && day <= 2000000 && gmtime_r(&seconds, &tm) != NULL &&
	    strftime(text, sizeof text, "%Y-%m-%d", &tm) > 0)
		buf_printf(out, "\"%s\"", text);
	else
		buf_printf(out, "%" PRId64, day);
}

void record_json_hex(struct span s, struct buf *out)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.n; i++)
		buf_printf(out, "%02x", s.p[i]);
	buf_add_byte(out, '"');
}

static void json_ip(struct span s, struct buf *out)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char text[INET6_ADDRSTRLEN] = "";
	if (s.n == 16 && memcmp(s.p, mapped, sizeof mapped) == 0)
		inet_ntop(AF_INET, s.p + 12, text, sizeof text);
	else if (s.n == 16)
		inet_ntop(AF_INET6, s.p, text, sizeof text);
	buf_printf(out, "\"%s\"", text);
}

static void json_countries(struct span s, struct buf *out)
{
	bool first = true;
	buf_add_byte(out, '[');
	for (size_t i = 0; i + 2 <= s.n; i += 2) {
		comma(out, &first);
		buf_add_json(out, span_sub(s, i, i + 2));
	}
	buf_add_byte(out, ']');
}

static void json_bits(struct cbor *c, uint64_t max, size_t count, struct span (*name)(size_t), struct buf *out)
{
	uint64_t set = cbor_uint(c, max);
	bool first = true;
	buf_add_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		if ((set >> i & 1) == 0)
			continue;
		comma(out, &first);
		buf_add_json(out, name(i));
	}
	buf_add_byte(out, ']');
}

static struct span name_of_class(size_t i)
{
	return class_name((enum legal_class)i);
}

static struct span name_of_view(size_t i)
{
	return span_str(view_name((enum view)i));
}

static struct span name_of_origin(size_t i)
{
	return i == 0 ? SPAN("detected") : SPAN("declared");
}

static void json_transforms(struct cbor *c, struct buf *out)
{
	struct cbor_map m;
	uint64_t key;
	bool first = true;
	cbor_map(c, &m);
	buf_add_byte(out, '{');
	while (cbor_map_next(c, &m, &key)) {
		uint64_t t = cbor_uint(c, TRANSFORM_REDACT);
		if (key >= CLASS_COUNT) {
			cbor_fail(c, ERR_VERSION);
			return;
		}
		comma(out, &first);
		buf_add_json(out, class_name((enum legal_class)key));
		buf_printf(out, ":\"%s\"", transform_name((enum transform)t));
	}
	buf_add_byte(out, '}');
}

static void json_fact(struct cbor *c, enum fact_kind kind, struct buf *out)
{
	switch (kind) {
	case FACT_BOOL:
		buf_add_str(out, cbor_bool(c) ? "true" : "false");
		break;
	case FACT_NUM:
		buf_printf(out, "%" PRId64, cbor_int(c));
		break;
	case FACT_DATE:
		json_date(cbor_int(c), out);
		break;
	case FACT_ENUM:
	case FACT_TEXT:
	case FACT_COUNTRY:
		buf_add_json(out, cbor_text(c));
		break;
	case FACT_COUNTRIES:
		json_countries(cbor_text(c), out);
		break;
	}
}

static void json_facts(struct cbor *c, struct buf *out)
{
	struct cbor_map m;
	uint64_t number;
	bool first = true;
	cbor_map(c, &m);
	buf_add_byte(out, '{');
	while (cbor_map_next(c, &m, &number)) {
		enum fact_id id = fact_by_number(number);
		if (id == FACT_COUNT) {
			cbor_fail(c, ERR_VERSION);
			return;
		}
		json_name(out, &first, fact_info(id)->path);
		json_fact(c, fact_info(id)->kind, out);
	}
	buf_add_byte(out, '}');
}

static void json_map(struct cbor *c, enum map map, struct buf *out);

static void json_list(struct cbor *c, enum map map, struct buf *out)
{
	bool first = true;
	buf_add_byte(out, '[');
	for (size_t n = cbor_array(c, SIZE_MAX); n > 0 && c->err == ERR_OK; n--) {
		comma(out, &first);
		json_map(c, map, out);
	}
	buf_add_byte(out, ']');
}

static void json_value(struct cbor *c, const struct field *f, struct buf *out)
{
	switch (f->form) {
	case FORM_UINT:
		buf_printf(out, "%" PRIu64, cbor_uint(c, UINT64_MAX));
		break;
	case FORM_INT:
		buf_printf(out, "%" PRId64, cbor_int(c));
		break;
	case FORM_TIME:
		record_json_time(cbor_uint(c, UINT64_MAX), out);
		break;
	case FORM_HEX:
		record_json_hex(cbor_bytes(c), out);
		break;
	case FORM_TEXT:
		buf_add_json(out, cbor_text(c));
		break;
	case FORM_BOOL:
		buf_add_str(out, cbor_bool(c) ? "true" : "false");
		break;
	case FORM_FACTS:
		json_facts(c, out);
		break;
	case FORM_CLASSES:
		json_bits(c, UINT32_MAX, CLASS_COUNT, name_of_class, out);
		break;
	case FORM_ORIGIN:
		json_bits(c, DATA_DETECTED | DATA_DECLARED, 2, name_of_origin, out);
		break;
	case FORM_VIEWS:
		json_bits(c, UINT8_MAX, VIEW_COUNT, name_of_view, out);
		break;
	case FORM_APPLIES:
		buf_add_str(out, cbor_uint(c, 2) == 2 ? "\"true\"" : "\"unknown\"");
		break;
	case FORM_PLACE:
		buf_printf(out, "\"%s\"", place_name((enum place)cbor_uint(c, PLACE_NONE)));
		break;
	case FORM_APPROVAL:
		buf_printf(out, "\"%s\"", approval_name((enum approval)cbor_uint(c, APPROVAL_FOUR_EYES)));
		break;
	case FORM_TRANSFORMS:
		json_transforms(c, out);
		break;
	case FORM_COUNTRIES:
		json_countries(cbor_text(c), out);
		break;
	case FORM_IP:
		json_ip(cbor_bytes(c), out);
		break;
	case FORM_MAP:
		json_map(c, f->sub, out);
		break;
	case FORM_LIST:
		json_list(c, f->sub, out);
		break;
	}
}

/* Depth is bounded by record.def, whose maps do not contain themselves. */
static void json_map(struct cbor *c, enum map map, struct buf *out)
{
	struct cbor_map m;
	uint64_t key;
	bool first = true;
	cbor_map(c, &m);
	buf_add_byte(out, '{');
	while (cbor_map_next(c, &m, &key)) {
		const struct field *f = field_of(map, key);
		if (f == NULL) {
			cbor_fail(c, ERR_VERSION);
			return;
		}
		json_name(out, &first, f->json);
		json_value(c, f, out);
	}
	buf_add_byte(out, '}');
}

static enum map map_of(enum leaf_kind kind)
{
	switch (kind) {
	case LEAF_DECISION:
		return MAP_DECISION;
	case LEAF_ATTEMPT:
		return MAP_ATTEMPT;
	case LEAF_OUTCOME:
		return MAP_OUTCOME;
	case LEAF_REFUSALS:
		return MAP_REFUSALS;
	case LEAF_REVIEW:
	case LEAF_APPROVAL:
	case LEAF_ACCESS:
	case LEAF_ERASURE:
	case LEAF_HOLD:
	case LEAF_POLICY:
	case LEAF_KEY:
	case LEAF_HEARTBEAT:
	case LEAF_START:
	case LEAF_STOP:
		return MAP_EVENT;
	}
	return MAP_NONE;
}

enum err record_json(enum leaf_kind kind, struct span body, struct buf *out)
{
	enum map map = map_of(kind);
	struct cbor c;
	if (map == MAP_NONE)
		return ERR_VERSION;
	cbor_init(&c, body);
	json_map(&c, map, out);
	enum err err = cbor_end(&c);
	return err != ERR_OK ? err : buf_err(out);
}
