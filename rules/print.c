#include "rules/print.h"

#include <inttypes.h>

void print_text(struct span s, struct buf *out)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, s.p[i]);
	}
	buf_add_byte(out, '"');
}

void print_countries(const struct country_set *set, const char *between, struct buf *out)
{
	bool first = true;
	for (country c = country_set_next(set, 0); c != COUNTRY_NONE; c = country_set_next(set, (country)(c + 1))) {
		char name[3];
		country_name(c, name);
		buf_add_str(out, first ? "" : between);
		buf_add_str(out, name);
		first = false;
	}
}

void print_value(enum fact_id id, const struct fact *v, struct buf *out)
{
	char text[16];
	switch (fact_info(id)->kind) {
	case FACT_BOOL:
		buf_add_str(out, v->flag ? "yes" : "no");
		return;
	case FACT_NUM:
		buf_printf(out, "%" PRId64, v->num);
		return;
	case FACT_DATE:
		date_print(v->num, text);
		buf_add_str(out, text);
		return;
	case FACT_ENUM:
		buf_add(out, v->text);
		return;
	case FACT_TEXT:
		print_text(v->text, out);
		return;
	case FACT_COUNTRY:
		country_name(v->cc, text);
		buf_add_str(out, text);
		return;
	case FACT_COUNTRIES:
		print_countries(&v->set, ", ", out);
		return;
	}
}

/* --- Conditions --- */

static const char *relation_text(enum relation relation)
{
	static const char *const texts[] = {"=", "!=", "<", "<=", ">", ">="};
	return texts[relation];
}

static void print_words(const struct rules *r, const struct insn *in, bool negated, struct buf *out)
{
	bool quoted = fact_info(in->fact)->kind == FACT_TEXT;
	bool list = in->accepted > 1;
	buf_add_str(out, list ? (negated ? " not in {" : " in {") : (negated ? " is not " : " is "));
	for (uint32_t i = 0; i < in->accepted; i++) {
		struct span word = r->words[in->first + i];
		buf_add_str(out, i == 0 ? "" : ", ");
		if (quoted)
			print_text(word, out);
		else
			buf_add(out, word);
	}
	buf_add_str(out, list ? "}" : "");
}

static void print_classes(class_set classes, struct buf *out)
{
	bool many = (classes & (classes - 1)) != 0, first = true;
	buf_add_str(out, many ? "any of {" : "");
	for (int c = 0; c < CLASS_COUNT; c++) {
		if ((classes & CLASS_BIT(c)) == 0)
			continue;
		buf_add_str(out, first ? "" : ", ");
		buf_add(out, class_name((enum legal_class)c));
		first = false;
	}
	buf_add_str(out, many ? "}" : "");
}

static void print_data(const struct insn *in, struct buf *out)
{
	if (in->classes != 0) {
		print_classes(in->classes, out);
		return;
	}
	buf_add(out, in->type);
	buf_add_str(out, in->wild ? "*" : "");
}

static void print_constant(const struct insn *in, struct buf *out)
{
	char date[16];
	buf_printf(out, " %s ", relation_text(in->relation));
	if (in->op == OP_COMPARE && fact_info(in->fact)->kind == FACT_DATE) {
		date_print(in->num, date);
		buf_add_str(out, date);
	} else {
		buf_printf(out, "%" PRId64, in->num);
	}
}

/* Tests of a fact; those that read better so take their "not" inside: is not, not in, is unknown. */
static void print_fact_test(const struct rules *r, const struct insn *in, bool negated, struct buf *out)
{
	bool inside = in->op == OP_KNOWN || in->op == OP_WORD || in->op == OP_COUNTRY || in->op == OP_MEETS ||
		      in->op == OP_WITHIN;
	buf_add_str(out, negated && !inside ? "not " : "");
	buf_add_str(out, fact_info(in->fact)->path);
	if (in->op == OP_KNOWN)
		buf_add_str(out, negated ? " is unknown" : " is set");
	else if (in->op == OP_WORD)
		print_words(r, in, negated, out);
	else if (in->op == OP_COMPARE)
		print_constant(in, out);
	else if (inside)
		buf_printf(out, " %s%s %.*s", negated ? "not " : "", in->op == OP_WITHIN ? "within" : "in",
			   SPAN_ARG(r->sets[in->first].text));
}

static void print_test(const struct rules *r, const struct insn *in, bool negated, struct buf *out)
{
	if (in->op != OP_HAS && in->op != OP_COUNT && in->op != OP_SCORE) {
		print_fact_test(r, in, negated, out);
		return;
	}
	buf_add_str(out, negated ? "not " : "");
	buf_add_str(out, in->op == OP_HAS ? "data has " : in->op == OP_COUNT ? "count of " : "score of ");
	print_data(in, out);
	if (in->op != OP_HAS)
		print_constant(in, out);
}

static bool is_list(enum op op)
{
	return op == OP_AND || op == OP_OR;
}

static void print_list(const struct rules *r, uint32_t at, struct buf *out)
{
	const struct insn *code = r->code;
	for (uint32_t i = at + 1; i < at + code[at].size; i += code[i].size) {
		bool parens = is_list(code[i].op);
		if (i > at + 1)
			buf_add_str(out, code[at].op == OP_AND ? " and " : " or ");
		buf_add_str(out, parens ? "(" : "");
		print_condition(r, i, out);
		buf_add_str(out, parens ? ")" : "");
	}
}

void print_condition(const struct rules *r, uint32_t at, struct buf *out)
{
	const struct insn *in = &r->code[at];
	if (in->op == OP_TRUE) {
		buf_add_str(out, "always");
	} else if (is_list(in->op)) {
		print_list(r, at, out);
	} else if (in->op != OP_NOT) {
		print_test(r, in, false, out);
	} else if (is_list(in[1].op)) {
		buf_add_str(out, "not (");
		print_list(r, at + 1, out);
		buf_add_str(out, ")");
	} else if (in[1].op == OP_NOT) {
		buf_add_str(out, "not ");
		print_condition(r, at + 1, out);
	} else {
		print_test(r, &in[1], true, out);
	}
}

/* --- Verdicts --- */

static void print_place(const struct verdict *v, struct span regions, struct buf *out)
{
	if (v->place != PLACE_REGIONS) {
		buf_printf(out, "place %s", place_name(v->place));
		return;
	}
	buf_add_str(out, "place within ");
	if (regions.n > 0)
		buf_add(out, regions);
	else
		print_countries(&v->regions, " + ", out);
}

void print_verdict(const struct verdict *v, struct span regions, struct buf *out)
{
	const char *between = "";
	for (int c = 0; c < CLASS_COUNT; c++)
		if (v->transform[c] != TRANSFORM_NONE)
			between = ", ";
	bool more = *between != '\0' || v->approval != APPROVAL_NO;
	between = "";
	if (v->place != PLACE_ANY || !more) {
		print_place(v, regions, out);
		between = ", ";
	}
	for (int c = 0; c < CLASS_COUNT; c++) {
		if (v->transform[c] == TRANSFORM_NONE)
			continue;
		buf_printf(out, "%s%s %.*s", between, v->transform[c] == TRANSFORM_REDACT ? "redact" : "pseudonymise",
			   SPAN_ARG(class_name((enum legal_class)c)));
		between = ", ";
	}
	if (v->approval != APPROVAL_NO)
		buf_printf(out, "%sapproval %s", between, approval_name(v->approval));
}
