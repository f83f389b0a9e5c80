/* The examples in disguise: each transform is applied to every valid example, which must still be found, with a span on
 * the original's code points; and to every invalid one, which must not be. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"

static void put(struct buf *b, uint32_t cp)
{
	uint8_t u[4];
	size_t n = utf8_encode(cp, u);
	buf_add(b, span_of(u, n));
}

static void zero_width(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++) {
		buf_add_byte(out, v.p[i]);
		if (v.p[i] < 0x80 && i + 1 < v.n)
			put(out, 0x200b);
	}
}

static void soft_hyphen(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++) {
		if (i == 3 && v.p[i] < 0x80)
			put(out, 0xad);
		buf_add_byte(out, v.p[i]);
	}
}

static void full_width(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] > 0x20 && v.p[i] < 0x7f)
			put(out, v.p[i] + 0xfee0u);
		else
			buf_add_byte(out, v.p[i]);
}

static void digits_from(struct span v, struct buf *out, uint32_t zero)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= '0' && v.p[i] <= '9')
			put(out, zero + v.p[i] - '0');
		else
			buf_add_byte(out, v.p[i]);
}

static void arabic(struct span v, struct buf *out)
{
	digits_from(v, out, 0x660);
}

static void devanagari(struct span v, struct buf *out)
{
	digits_from(v, out, 0x966);
}

static void mathematical(struct span v, struct buf *out)
{
	digits_from(v, out, 0x1d7ce);
}

static void tags(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 0x20 && v.p[i] < 0x7f)
			put(out, 0xe0000u + v.p[i]);
		else
			buf_add_byte(out, v.p[i]);
}

static void percent(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		buf_printf(out, "%%%02X", v.p[i]);
}

static void entities(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x80)
			buf_printf(out, i % 2 == 0 ? "&#%u;" : "&#x%x;", v.p[i]);
		else
			buf_add_byte(out, v.p[i]);
}

static void json_escapes(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x80)
			buf_printf(out, "\\u%04x", v.p[i]);
		else
			buf_add_byte(out, v.p[i]);
}

static void quoted_printable(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		buf_printf(out, "=%02X", v.p[i]);
}

static void hexadecimal(struct span v, struct buf *out)
{
	for (size_t i = 0; i < v.n; i++)
		buf_printf(out, "%02x", v.p[i]);
}

static void base64(struct span v, struct buf *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < v.n; i += 3) {
		uint32_t w = (uint32_t)v.p[i] << 16 | (i + 1 < v.n ? (uint32_t)v.p[i + 1] << 8 : 0) |
			     (i + 2 < v.n ? v.p[i + 2] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_add_byte(out, i + k > v.n ? '=' : (uint8_t)alphabet[w >> (18 - 6 * k) & 63]);
	}
}

static void base64_in_a_sentence(struct span v, struct buf *out)
{
	struct buf inner = {0};
	buf_add_str(&inner, "the value is ");
	buf_add(&inner, v);
	buf_add_str(&inner, " as agreed");
	base64(buf_span(&inner), out);
	buf_fini(&inner);
}

static void base64_twice(struct span v, struct buf *out)
{
	struct buf inner = {0};
	base64_in_a_sentence(v, &inner);
	base64(buf_span(&inner), out);
	buf_fini(&inner);
}

static void percent_then_base64(struct span v, struct buf *out)
{
	struct buf inner = {0};
	percent(v, &inner);
	base64(buf_span(&inner), out);
	buf_fini(&inner);
}

static const struct transform {
	const char *name;
	void (*apply)(struct span v, struct buf *out);
	unsigned views; /* in which it may be found */
	size_t missed;  /* how many of all may be missed: too short to tell, or context is lost with it */
} transforms[] = {
	{"zero width", zero_width, 1u << VIEW_CLEAN | 1u << VIEW_RAW, 0},
	{"soft hyphen", soft_hyphen, 1u << VIEW_CLEAN | 1u << VIEW_RAW, 3},
	{"full width", full_width, 1u << VIEW_FOLDED, 0},
	{"arabic digits", arabic, 1u << VIEW_FOLDED | 1u << VIEW_RAW, 0},
	{"devanagari digits", devanagari, 1u << VIEW_FOLDED | 1u << VIEW_RAW, 0},
	{"mathematical digits", mathematical, 1u << VIEW_FOLDED | 1u << VIEW_RAW, 0},
	{"tag characters", tags, 1u << VIEW_FOLDED, 0},
	{"percent", percent, 1u << VIEW_DECODED, 2},
	{"entities", entities, 1u << VIEW_DECODED, 2},
	{"json escapes", json_escapes, 1u << VIEW_DECODED, 2},
	{"quoted-printable", quoted_printable, 1u << VIEW_DECODED, 2},
	{"hexadecimal", hexadecimal, 1u << VIEW_DECODED, 12},
	{"base64", base64_in_a_sentence, 1u << VIEW_DECODED, 14},
	{"base64 twice", base64_twice, 1u << VIEW_DECODED, 14},
	{"percent in base64", percent_then_base64, 1u << VIEW_DECODED, 12},
};

static bool found_in(const struct result *r, const char *detector, unsigned views)
{
	for (size_t i = 0; i < r->f.n; i++)
		if (span_eq(classifier_detector_name(the_classifier(), r->f.v[i].detector), span_str(detector)) &&
		    (views >> r->f.v[i].view & 1) != 0)
			return true;
	return false;
}

static bool run_one(const struct transform *t, const struct example *e, const char *value)
{
	struct buf b = {0};
	t->apply(span_str(value), &b);
	buf_add_byte(&b, 0);
	assert_int_equal(buf_err(&b), ERR_OK);
	char *text = in_sentence(e->sentence, (const char *)b.p);
	struct result r = classify_str(text);
	assert_sound(span_str(text), &r);
	assert_int_equal(r.f.failed, 0);
	bool found = found_in(&r, e->detector, t->views);
	result_fini(&r);
	free(text);
	buf_fini(&b);
	return found;
}

/* Words and people's health are the tagger's in disguise. */
static bool lexed(const struct example *e)
{
	return strcmp(e->detector, "CONDITION") != 0 && strcmp(e->detector, "MEDICATION") != 0;
}

static void disguised_examples_are_found(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t k = 0; k < sizeof transforms / sizeof *transforms; k++) {
		size_t missed = 0;
		for (size_t i = 0; i < n; i++)
			if (lexed(&v[i]) && !run_one(&transforms[k], &v[i], v[i].valid)) {
				print_message("%s: %s\n", transforms[k].name, v[i].detector);
				missed++;
			}
		if (missed > transforms[k].missed)
			fail_msg("%s hides %zu of %zu", transforms[k].name, missed, n);
	}
	free_examples(v, n);
}

static void disguised_invalid_examples_are_not_found(void **state)
{
	(void)state;
	size_t n, wrong = 0;
	struct example *v = load_examples(&n);
	for (size_t k = 0; k < sizeof transforms / sizeof *transforms; k++)
		for (size_t i = 0; i < n; i++)
			if (lexed(&v[i]) && run_one(&transforms[k], &v[i], v[i].invalid)) {
				print_message("%s: %s\n", transforms[k].name, v[i].detector);
				wrong++;
			}
	assert_int_equal(wrong, 0);
	free_examples(v, n);
}

struct sample {
	const char *text, *detector;
	enum view view;
};

static void assert_samples(const struct sample *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct result r = classify_str(v[i].text);
		assert_sound(span_str(v[i].text), &r);
		if (!found_in(&r, v[i].detector, 1u << v[i].view))
			fail_msg("sample %zu (%s) is not found", i, v[i].detector);
		result_fini(&r);
	}
}

static void taken_apart(void **state)
{
	(void)state;
	static const struct sample v[] = {
		{"my card: 4 5 3 9 1 4 8 8 0 3 4 3 6 4 6 7", "CARD", VIEW_SQUEEZED},
		{"my card: 4-5-3-9-1-4-8-8-0-3-4-3-6-4-6-7", "CARD", VIEW_SQUEEZED},
		{"my card: 4539.1488.0343.6467", "CARD", VIEW_SQUEEZED},
		{"my card: 4539  1488  0343  6467", "CARD", VIEW_SQUEEZED},
		{"my card: 4539\n1488\n0343\n6467", "CARD", VIEW_SQUEEZED},
		{"mail j a n a . n o v a k o v a @ f i r m a . d e now", "EMAIL", VIEW_SQUEEZED},
		{"SSN 5 3 6 2 2 8 7 2 6", "US_SSN", VIEW_SQUEEZED},
		{"SSN 536_22_8726 for the form", "US_SSN", VIEW_SQUEEZED},
		{"IBAN D E 6 2 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 1", "IBAN", VIEW_SQUEEZED},
		{"SSN \xef\xbc\x95 \xef\xbc\x93 \xef\xbc\x96 \xef\xbc\x92 \xef\xbc\x92 \xef\xbc\x98 \xef\xbc\x97 "
		 "\xef\xbc\x92 \xef\xbc\x96",
		 "US_SSN", VIEW_SQUEEZED},
	};
	assert_samples(v, sizeof v / sizeof *v);
}

static void spelled_out(void **state)
{
	(void)state;
	static const struct sample v[] = {
		{"my SSN is five three six two two eight seven two six", "US_SSN", VIEW_SPELLED},
		{"my SSN is five three six, double two, eight seven two six", "US_SSN", VIEW_SPELLED},
		{"Steuer-ID drei sechs fünf sieben vier eins zwei drei neun acht sieben", "DE_STEUERID", VIEW_SPELLED},
		{"PESEL osiem pięć zero trzy jeden pięć jeden dwa trzy cztery cztery", "PL_PESEL", VIEW_SPELLED},
		{"BSN negen nul drie nul nul een vijf drie zes", "NL_BSN", VIEW_SPELLED},
		{"NIF dos tres cuatro cinco seis siete ocho nueve nueve", "PT_NIF", VIEW_SPELLED},
		{"NIF dois três quatro cinco seis sete oito nove nove", "PT_NIF", VIEW_SPELLED},
		{"NIR un huit cinq zéro trois sept cinq un un six un deux trois zéro deux", "FR_NIR", VIEW_SPELLED},
		{"SIN sette due tre quattro cinque sei sette otto sei", "CA_SIN", VIEW_SPELLED},
	};
	assert_samples(v, sizeof v / sizeof *v);
}

static void defanged(void **state)
{
	(void)state;
	static const struct sample v[] = {
		{"write to jana.novakova [at] firma-nord [dot] de please", "EMAIL", VIEW_DECODED},
		{"write to jana.novakova(at)firma-nord.de please", "EMAIL", VIEW_DECODED},
		{"jana dot novakova at firma-nord dot de", "EMAIL", VIEW_DECODED},
		{"client 198[.]18[.]7[.]41 connected", "IPV4", VIEW_DECODED},
		{"hxxps://www[.]linkedin[.]com/in/jana-novakova-8721", "PROFILE_URL", VIEW_DECODED},
	};
	assert_samples(v, sizeof v / sizeof *v);
}

static void folded_look_alikes(void **state)
{
	(void)state;
	static const struct sample v[] = {
		/* Cyrillic o and a in a Latin address; circled digits; a Cyrillic letter in an identity number. */
		{"mail j\xd0\xbehn.doe@firma.de now", "EMAIL", VIEW_FOLDED},
		{"DNI 5436231\xe2\x91\xa4K", "ES_DNI", VIEW_FOLDED},
		{"NINO JG103759\xd0\x90", "GB_NINO", VIEW_FOLDED},
		/* Typography is no disguise. */
		{"SSN 536\xe2\x80\x93"
		 "22\xe2\x80\x93"
		 "8726",
		 "US_SSN", VIEW_RAW},
		{"IBAN DE62\xc2\xa0"
		 "3704\xc2\xa0"
		 "0044\xc2\xa0"
		 "0532\xc2\xa0"
		 "0130\xc2\xa0"
		 "01",
		 "IBAN", VIEW_RAW},
	};
	assert_samples(v, sizeof v / sizeof *v);
}

/* Words in another script are left alone. */
static void other_scripts_are_not_folded(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"Это обычный русский текст о погоде и о том, как прошёл день.",
		"Αυτό είναι ένα συνηθισμένο ελληνικό κείμενο για τον καιρό.",
		"👨‍👩‍👧 ❤️ नमस्ते दुनिया, یہ ایک عام متن ہے",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct result r = classify_str(texts[i]);
		assert_int_equal(r.f.n, 0);
		result_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disguised_examples_are_found),
		cmocka_unit_test(disguised_invalid_examples_are_not_found),
		cmocka_unit_test(taken_apart),
		cmocka_unit_test(spelled_out),
		cmocka_unit_test(defanged),
		cmocka_unit_test(folded_look_alikes),
		cmocka_unit_test(other_scripts_are_not_folded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
