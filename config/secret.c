#include "config/tree.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

/* A long run of mixed letters and digits without the marks of a path, a name or a pin. */
static bool is_random(struct span s)
{
	unsigned lower = 0, upper = 0, digit = 0;
	if (s.n < 32 || span_starts(s, SPAN("sha256/")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		lower += is_lower(c);
		upper += is_upper(c);
		digit += is_digit(c);
		if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '+' && c != '=' && c != '_' && c != '-')
			return false;
	}
	return lower >= 4 && upper >= 4 && digit >= 3;
}

bool looks_secret(struct span s)
{
	static const struct {
		struct span prefix;
		size_t least;
	} known[] = {
		{SPAN("sk-"), 20},          {SPAN("sk_live_"), 16}, {SPAN("rk_live_"), 16}, {SPAN("ghp_"), 20},
		{SPAN("github_pat_"), 20},  {SPAN("glpat-"), 16},   {SPAN("hf_"), 24},      {SPAN("AKIA"), 20},
		{SPAN("AIza"), 30},         {SPAN("xox"), 20},      {SPAN("gsk_"), 20},     {SPAN("xai-"), 20},
		{SPAN("-----BEGIN "), 11},  {SPAN("Bearer "), 8},   {SPAN("bearer "), 8},   {SPAN("eyJ"), 40},
		{SPAN("PRIVATE+KEY+"), 12},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (s.n >= known[i].least && span_starts(s, known[i].prefix))
			return true;
	return is_random(s);
}
