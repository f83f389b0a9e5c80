#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/format/base64.h"
#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/format/sha256.h"

/* The examples of the C2SP signed-note specification and of golang.org/x/mod/sumdb/note. */
#define FOO_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE                                                                                                       \
	"This is an example message.\n\n"                                                                              \
	"\xe2\x80\x94 example.com/foo "                                                                                \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define NEUMANN_SKEY "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define NEUMANN_TEXT                                                                                                   \
	"If you think cryptography is the answer to your problem,\n"                                                   \
	"then you don't know what your problem is.\n"
#define NEUMANN_NOTE                                                                                                   \
	NEUMANN_TEXT "\n\xe2\x80\x94 PeterNeumann "                                                                    \
		     "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
/* A checkpoint that another implementation of transparency logs signed, and the key it keeps for its tests. */
#define LOG_SKEY "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
#define LOG_VKEY "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define LOG_TEXT "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n"
#define LOG_NOTE                                                                                                       \
	LOG_TEXT "\n\xe2\x80\x94 example.com/log/testdata "                                                            \
		 "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n"

static struct note_vkey vkey_of(struct span text)
{
	struct note_vkey k;
	assert_int_equal(note_vkey_parse(text, &k), ERR_OK);
	return k;
}

static void the_example_of_the_specification_verifies(void **state)
{
	(void)state;
	struct note_vkey k = vkey_of(SPAN(FOO_VKEY));
	struct note n;
	struct buf again = {0};
	assert_true(span_eq(k.name, SPAN("example.com/foo")));
	assert_int_equal(note_parse(SPAN(FOO_NOTE), &n), ERR_OK);
	assert_true(span_eq(n.text, SPAN("This is an example message.\n")));
	assert_int_equal(note_verify(&n, &k), ERR_OK);
	note_vkey_format(&k, &again);
	assert_true(span_eq(buf_span(&again), SPAN(FOO_VKEY)));
	buf_fini(&again);
}

static void signing_gives_the_very_bytes_of_other_implementations(void **state)
{
	(void)state;
	static const struct {
		struct span skey, text, note;
	} rows[] = {
		{{(const uint8_t *)NEUMANN_SKEY, sizeof NEUMANN_SKEY - 1},
		 {(const uint8_t *)NEUMANN_TEXT, sizeof NEUMANN_TEXT - 1},
		 {(const uint8_t *)NEUMANN_NOTE, sizeof NEUMANN_NOTE - 1}},
		{{(const uint8_t *)LOG_SKEY, sizeof LOG_SKEY - 1},
		 {(const uint8_t *)LOG_TEXT, sizeof LOG_TEXT - 1},
		 {(const uint8_t *)LOG_NOTE, sizeof LOG_NOTE - 1}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct note_skey k;
		struct buf out = {0};
		assert_int_equal(note_skey_parse(rows[i].skey, &k), ERR_OK);
		assert_int_equal(note_sign(rows[i].text, &k, &out), ERR_OK);
		assert_true(span_eq(buf_span(&out), rows[i].note));
		buf_clear(&out);
		note_skey_format(&k, &out);
		assert_true(span_eq(buf_span(&out), rows[i].skey));
		buf_fini(&out);
	}
	struct note_skey k;
	struct buf vkey = {0};
	assert_int_equal(note_skey_parse(SPAN(LOG_SKEY), &k), ERR_OK);
	note_vkey_format(&k.public, &vkey);
	assert_true(span_eq(buf_span(&vkey), SPAN(LOG_VKEY)));
	buf_fini(&vkey);
}

/* No byte of a note may change without its being noticed, except in what carries no meaning for this key. */
static void every_byte_of_a_note_counts(void **state)
{
	(void)state;
	struct note_vkey k = vkey_of(SPAN(FOO_VKEY));
	uint8_t copy[sizeof FOO_NOTE - 1];
	for (size_t i = 0; i < sizeof copy; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct note n;
			memcpy(copy, FOO_NOTE, sizeof copy);
			copy[i] ^= (uint8_t)(1u << bit);
			if (note_parse(span_of(copy, sizeof copy), &n) == ERR_OK)
				assert_int_not_equal(note_verify(&n, &k), ERR_OK);
		}
	}
	for (size_t i = 0; i < sizeof copy; i++) {
		struct note n;
		if (note_parse(span_of(FOO_NOTE, i), &n) == ERR_OK)
			assert_int_not_equal(note_verify(&n, &k), ERR_OK);
	}
}

static void foreign_signatures_are_ignored_but_known_ones_must_fit(void **state)
{
	(void)state;
	static const char foreign[] = FOO_NOTE "\xe2\x80\x94 witness.example AAAAAAECAwQFBgcICQ==\n";
	static const char wrong[] = FOO_NOTE
		"\xe2\x80\x94 example.com/foo "
		"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQQ=\n";
	struct note_vkey k = vkey_of(SPAN(FOO_VKEY)), other = vkey_of(SPAN(LOG_VKEY));
	struct note n;
	assert_int_equal(note_parse(span_str(foreign), &n), ERR_OK);
	assert_int_equal(n.n, 2);
	assert_int_equal(note_verify(&n, &k), ERR_OK);
	assert_int_equal(note_verify(&n, &other), ERR_NOT_FOUND);
	assert_int_equal(note_parse(span_str(wrong), &n), ERR_OK);
	assert_int_equal(note_verify(&n, &k), ERR_VERIFY);
}

static void malformed_notes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"\n",
		"text\n",
		"text\n\n",
		"\n\n\n",
		"text\n\n- name AAAAAAE=\n",
		"text\n\n\xe2\x80\x94 name\n",
		"text\n\n\xe2\x80\x94  AAAAAAE=\n",
		"text\n\n\xe2\x80\x94 na+me AAAAAAE=\n",
		"text\n\n\xe2\x80\x94 name AAAAAA==\n",  /* nothing behind the id */
		"text\n\n\xe2\x80\x94 name AAAAAAF=\n",  /* unused bits set */
		"text\n\n\xe2\x80\x94 name AAAAAAE\n",   /* no padding */
		"text\n\n\xe2\x80\x94 name AAAAAAE= \n", /* space behind */
		"te\txt\n\n\xe2\x80\x94 name AAAAAAE=\n",
		"te\xffxt\n\n\xe2\x80\x94 name AAAAAAE=\n",
		"text\n\n\xe2\x80\x94 name AAAAAAE=",
	};
	struct note n;
	assert_int_equal(note_parse(SPAN("text\n\n\xe2\x80\x94 name AAAAAAE=\n"), &n), ERR_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(note_parse(span_str(bad[i]), &n), ERR_SYNTAX);
}

static void as_many_signatures_are_accepted_as_promised(void **state)
{
	(void)state;
	struct buf b = {0};
	struct note n;
	buf_add_str(&b, "text\n\n");
	for (size_t i = 0; i < NOTE_MAX_SIGNATURES; i++)
		buf_add_str(&b, "\xe2\x80\x94 name AAAAAAE=\n");
	assert_int_equal(note_parse(buf_span(&b), &n), ERR_OK);
	buf_add_str(&b, "\xe2\x80\x94 name AAAAAAE=\n");
	assert_int_equal(note_parse(buf_span(&b), &n), ERR_SYNTAX);
	buf_fini(&b);
}

static void malformed_keys_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"+",
		"example.com/foo",
		"example.com/foo+530d903a",
		"example.com/foo+530d903a+",
		"example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", /* id of another name */
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
		"example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", /* another type */
		"exam ple+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};
	struct note_vkey k;
	struct note_skey s;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(note_vkey_parse(span_str(bad[i]), &k), ERR_SYNTAX);
	assert_int_equal(note_skey_parse(SPAN(LOG_VKEY), &s), ERR_SYNTAX);
	assert_int_equal(note_skey_parse(SPAN("PRIVATE+KEY+" LOG_VKEY), &s), ERR_SYNTAX);
}

static void checkpoints_have_exactly_one_form(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"o\n1\n",
		"\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
		"o\n015\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
		"o\n-1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
		"o\n\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
		"o\n18446744073709551615\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
		"o\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
		"o\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\nextension\n",
		"o\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v38\n",
	};
	struct checkpoint c;
	struct buf again = {0};
	assert_int_equal(checkpoint_parse(SPAN(LOG_TEXT), &c), ERR_OK);
	assert_int_equal(c.size, 15);
	checkpoint_format(&c, &again);
	assert_true(span_eq(buf_span(&again), SPAN(LOG_TEXT)));
	buf_fini(&again);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(checkpoint_parse(span_str(bad[i]), &c), ERR_SYNTAX);
}

static void base64_is_canonical_both_ways(void **state)
{
	(void)state;
	static const struct {
		const char *plain, *text;
	} rfc4648[] = {{"", ""},
		       {"f", "Zg=="},
		       {"fo", "Zm8="},
		       {"foo", "Zm9v"},
		       {"foob", "Zm9vYg=="},
		       {"fooba", "Zm9vYmE="},
		       {"foobar", "Zm9vYmFy"}};
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9v"};
	uint8_t out[16];
	size_t n;
	for (size_t i = 0; i < sizeof rfc4648 / sizeof *rfc4648; i++) {
		struct buf b = {0};
		base64_encode(span_str(rfc4648[i].plain), &b);
		assert_true(span_eq(buf_span(&b), span_str(rfc4648[i].text)));
		assert_int_equal(base64_decode(buf_span(&b), out, sizeof out, &n), ERR_OK);
		assert_true(span_eq(span_of(out, n), span_str(rfc4648[i].plain)));
		buf_fini(&b);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(base64_decode(span_str(bad[i]), out, sizeof out, &n), ERR_SYNTAX);
	assert_int_equal(base64_decode(SPAN("Zm9vYmFy"), out, 5, &n), ERR_LIMIT);
}

/* RFC 4231, test cases 1 and 2, their keys padded with zeros to the size of ours (HMAC pads with zeros itself). */
static void hmac_fits_its_standard(void **state)
{
	(void)state;
	static const uint8_t case1[] = {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf,
					0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83,
					0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7};
	static const uint8_t case2[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
					0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
					0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	uint8_t key[SHA256_SIZE] = {0}, out[SHA256_SIZE];
	memset(key, 0x0b, 20);
	hmac_sha256(key, &SPAN("Hi There"), 1, out);
	assert_memory_equal(out, case1, sizeof case1);
	memset(key, 0, sizeof key);
	memcpy(key, "Jefe", 4);
	const struct span parts[] = {SPAN("what do ya want "), SPAN("for nothing?")};
	hmac_sha256(key, parts, 2, out);
	assert_memory_equal(out, case2, sizeof case2);
}

/* --- the signer's judgement --- */

enum { JUDGED = 20 };
static struct tree_hash leaves[JUDGED];
static struct tree_frontier frontiers[JUDGED + 1];

static enum err node(void *arg, unsigned height, uint64_t index, struct tree_hash *out)
{
	(void)arg;
	struct tree_frontier f = {0};
	for (uint64_t i = index << height; i < (index + 1) << height; i++)
		tree_append(&f, &leaves[i], NULL, NULL);
	*out = tree_root(&f);
	return ERR_OK;
}

static void request_for(uint64_t old, uint64_t size, const char *origin, struct buf *out)
{
	const struct tree_source source = {node, NULL};
	struct sign_request r = {.old = old};
	struct checkpoint c = {.origin = span_str(origin), .size = size, .root = tree_root(&frontiers[size])};
	struct buf text = {0};
	assert_int_equal(tree_consistency(&source, old, size, &r.proof), ERR_OK);
	checkpoint_format(&c, &text);
	r.text = buf_span(&text);
	sign_request_format(&r, out);
	assert_int_equal(buf_err(out), ERR_OK);
	buf_fini(&text);
}

static void only_what_extends_the_last_checkpoint_is_signed(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < JUDGED; i++) {
		leaves[i] = tree_leaf_hash(span_of(&i, 1));
		frontiers[i + 1] = frontiers[i];
		tree_append(&frontiers[i + 1], &leaves[i], NULL, NULL);
	}
	for (uint64_t last = 0; last <= JUDGED; last++) {
		struct checkpoint kept = {.origin = SPAN("log"), .size = last, .root = tree_root(&frontiers[last])};
		for (uint64_t size = 0; size <= JUDGED; size++) {
			for (uint64_t old = 0; old <= size; old++) {
				struct checkpoint next;
				struct buf request = {0};
				request_for(old, size, "log", &request);
				assert_int_equal(sign_judge(&kept, buf_span(&request), &next), old == last ? 200 : 409);
				buf_fini(&request);
			}
		}
	}
}

static void forks_other_logs_and_nonsense_are_not_signed(void **state)
{
	(void)state;
	struct checkpoint kept = {.origin = SPAN("log"), .size = 7, .root = tree_root(&frontiers[7])}, next;
	struct buf request = {0};
	request_for(7, 12, "log", &request);
	assert_int_equal(sign_judge(&kept, buf_span(&request), &next), 200);
	assert_int_equal(next.size, 12);
	/* Another past: the root kept is not the one the proof starts from. */
	struct checkpoint forked = kept;
	forked.root = tree_root(&frontiers[8]);
	assert_int_equal(sign_judge(&forked, buf_span(&request), &next), 422);
	/* Another log. */
	struct checkpoint foreign = kept;
	foreign.origin = SPAN("other");
	assert_int_equal(sign_judge(&foreign, buf_span(&request), &next), 400);
	/* Any changed byte: not signed. Only the size is not bound by a proof (RFC 9162 §2.1.4): one that fits the
	 * proof's shape is a claim that the next proof will contradict. */
	for (size_t i = 0; i < request.n; i++) {
		request.p[i] ^= 1;
		unsigned status = sign_judge(&kept, buf_span(&request), &next);
		request.p[i] ^= 1;
		assert_true(status != 200 || next.size == 13);
		assert_int_not_equal(sign_judge(&kept, span_of(request.p, i), &next), 200);
	}
	buf_clear(&request);
	request_for(7, 7, "log", &request);
	assert_int_equal(sign_judge(&kept, buf_span(&request), &next), 200);
	assert_int_equal(sign_judge(&forked, buf_span(&request), &next), 422);
	buf_fini(&request);
}

static void answers_are_read_as_they_are_written(void **state)
{
	(void)state;
	static const struct sign_answer answers[] = {{.status = 200, .note = {(const uint8_t *)"note", 4}},
						     {.status = 400},
						     {.status = 409, .size = 12345},
						     {.status = 422},
						     {.status = 500}};
	static const char *const bad[] = {"",        "200",    "200\n", "409\n",       "409 \n", "409 01\n", "409 1\nx",
					  "400 1\n", "422\nx", "700\n", "200 1\nnote", "20",     "2000\nx"};
	struct sign_answer got;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct buf b = {0};
		sign_answer_format(&answers[i], &b);
		assert_int_equal(sign_answer_parse(buf_span(&b), &got), ERR_OK);
		assert_int_equal(got.status, answers[i].status);
		assert_int_equal(got.size, answers[i].size);
		assert_true(span_eq(got.note, answers[i].note));
		buf_fini(&b);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_not_equal(sign_answer_parse(span_str(bad[i]), &got), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_specification_verifies),
		cmocka_unit_test(signing_gives_the_very_bytes_of_other_implementations),
		cmocka_unit_test(every_byte_of_a_note_counts),
		cmocka_unit_test(foreign_signatures_are_ignored_but_known_ones_must_fit),
		cmocka_unit_test(malformed_notes_are_refused),
		cmocka_unit_test(as_many_signatures_are_accepted_as_promised),
		cmocka_unit_test(malformed_keys_are_refused),
		cmocka_unit_test(checkpoints_have_exactly_one_form),
		cmocka_unit_test(base64_is_canonical_both_ways),
		cmocka_unit_test(hmac_fits_its_standard),
		cmocka_unit_test(only_what_extends_the_last_checkpoint_is_signed),
		cmocka_unit_test(forks_other_logs_and_nonsense_are_not_signed),
		cmocka_unit_test(answers_are_read_as_they_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
