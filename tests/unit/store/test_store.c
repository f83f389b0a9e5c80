#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"

static char *folder_new(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;
	assert_true(asprintf(&path, "%s/bw-store-XXXXXX", tmp != NULL ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void folder_remove(char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(path);
}

static struct store *open_with(const char *path, uint64_t bytes, uint64_t segment_bytes)
{
	const struct store_options o = {.path = path, .bytes = bytes, .segment_bytes = segment_bytes};
	enum err err;
	struct store *s = store_open(&o, &err);
	assert_int_equal(err, ERR_OK);
	return s;
}

enum { JANUARY = 1735689600 /* 2025-01-01, seconds since the epoch */, MONTH = 31 * 86400 };
static const uint64_t second = 1000000000;

/* n leaves in one transaction; their bodies are their sequences. */
static void append(struct store *s, uint64_t n, uint64_t now_ns)
{
	assert_int_equal(store_begin(s, now_ns), ERR_OK);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t body = store_size(s);
		uint8_t salt[LEAF_SALT];
		struct store_leaf leaf;
		memset(salt, (int)body, sizeof salt);
		assert_int_equal(store_append(s, LEAF_DECISION, now_ns + i, salt, span_of(&body, sizeof body), &leaf),
				 ERR_OK);
		assert_int_equal(leaf.sequence, body);
	}
	assert_int_equal(store_commit(s, 0), ERR_OK);
}

static struct store_view *view(struct store *s)
{
	enum err err;
	struct store_view *v = store_view_begin(s, &err);
	assert_int_equal(err, ERR_OK);
	return v;
}

/* Every leaf, body and node is there and fits the frontier. */
static void check(struct store *s, uint64_t size)
{
	struct store_view *v = view(s);
	struct tree_frontier f = {0}, loaded;
	struct tree_source source = store_view_source(v);
	assert_int_equal(store_view_size(v), size);
	for (uint64_t i = 0; i < size; i++) {
		struct leaf leaf;
		struct span data, salt, body;
		uint8_t digest[32];
		assert_int_equal(store_view_leaf(v, i, &leaf, &data), ERR_OK);
		assert_int_equal(store_view_body(v, i, &salt, &body), ERR_OK);
		assert_memory_equal(body.p, &i, sizeof i);
		leaf_digest(salt.p, body, digest);
		assert_memory_equal(digest, leaf.digest, sizeof digest);
		struct tree_hash hash = tree_leaf_hash(data);
		tree_append(&f, &hash, NULL, NULL);
	}
	struct tree_hash root = tree_root(&f), stored = tree_root(store_view_frontier(v));
	assert_true(tree_hash_eq(&root, &stored));
	assert_int_equal(tree_frontier_load(&source, size, &loaded), ERR_OK);
	root = tree_root(&loaded);
	assert_true(tree_hash_eq(&root, &stored));
	assert_int_equal(store_view_leaf(v, size, NULL, NULL), ERR_NOT_FOUND);
	store_view_end(v);
}

static void what_is_committed_is_read_back(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 0, 0);
	check(s, 0);
	append(s, 1, JANUARY * second);
	check(s, 1);
	append(s, 999, JANUARY * second);
	check(s, 1000);
	store_close(s);
	s = open_with(dir, 0, 0);
	check(s, 1000);
	append(s, 70000, JANUARY * second); /* nodes of the second level, too */
	check(s, 71000);
	store_close(s);
	folder_remove(dir);
}

static void what_is_aborted_is_gone(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 0, 0);
	uint8_t salt[LEAF_SALT] = {0};
	struct store_leaf leaf;
	append(s, 300, JANUARY * second);
	assert_int_equal(store_begin(s, JANUARY * second), ERR_OK);
	for (int i = 0; i < 300; i++)
		assert_int_equal(store_append(s, LEAF_DECISION, 0, salt, SPAN("x"), &leaf), ERR_OK);
	assert_int_equal(store_size(s), 600);
	store_abort(s);
	assert_int_equal(store_size(s), 300);
	check(s, 300);
	append(s, 5, JANUARY * second);
	check(s, 305);
	store_close(s);
	folder_remove(dir);
}

static size_t segments_in(const char *dir)
{
	size_t n = 0;
	char path[4096];
	for (;; n++) {
		snprintf(path, sizeof path, "%s/segments/%010zu.mdb", dir, n);
		if (access(path, F_OK) != 0)
			return n;
	}
}

static void a_new_month_or_a_full_segment_begins_another(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 0, 256 << 10);
	append(s, 10, JANUARY * second);
	append(s, 10, (JANUARY + 86400) * second);
	assert_int_equal(segments_in(dir), 1);
	append(s, 10, (uint64_t)(JANUARY + MONTH) * second);
	assert_int_equal(segments_in(dir), 2);
	for (uint64_t i = 0; i < 40; i++)
		append(s, 100, (uint64_t)(JANUARY + MONTH) * second);
	assert_true(segments_in(dir) > 3);
	/* A clock that went back begins nothing. */
	size_t n = segments_in(dir);
	append(s, 1, JANUARY * second);
	assert_int_equal(segments_in(dir), n);
	check(s, 4031);
	store_close(s);
	s = open_with(dir, 0, 256 << 10);
	check(s, 4031);
	store_close(s);
	folder_remove(dir);
}

/* A crash in the middle of making a segment leaves a file without a head. */
static void an_unfinished_segment_is_removed(void **state)
{
	(void)state;
	char *dir = folder_new(), path[4096];
	struct store *s = open_with(dir, 0, 0);
	append(s, 3, JANUARY * second);
	store_close(s);
	snprintf(path, sizeof path, "%s/segments/0000000001.mdb", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	s = open_with(dir, 0, 0);
	check(s, 3);
	assert_int_equal(access(path, F_OK), -1);
	append(s, 3, JANUARY * second);
	check(s, 6);
	store_close(s);
	folder_remove(dir);
}

static void the_newest_checkpoint_at_or_below_a_size_is_found(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 0, 0);
	for (uint64_t month = 0; month < 3; month++) {
		append(s, 100, (uint64_t)(JANUARY + MONTH * (int64_t)month) * second);
		assert_int_equal(store_begin(s, (uint64_t)(JANUARY + MONTH * (int64_t)month) * second), ERR_OK);
		if (month != 1) { /* one segment without any */
			assert_int_equal(store_put_checkpoint(s, month * 100 + 50, SPAN("fifty")), ERR_OK);
			assert_int_equal(store_put_checkpoint(s, month * 100 + 100, SPAN("hundred")), ERR_OK);
		}
		assert_int_equal(store_commit(s, 0), ERR_OK);
	}
	static const struct {
		uint64_t most, size;
	} rows[] = {{50, 50},   {51, 50},   {99, 50},   {100, 100}, {101, 100},       {200, 100},
		    {249, 100}, {250, 250}, {299, 250}, {300, 300}, {UINT64_MAX, 300}};
	struct store_view *v = view(s);
	uint64_t size;
	struct span note;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(store_view_checkpoint(v, rows[i].most, &size, &note), ERR_OK);
		assert_int_equal(size, rows[i].size);
		assert_true(span_eq(note, size % 100 == 0 ? SPAN("hundred") : SPAN("fifty")));
	}
	assert_int_equal(store_view_checkpoint(v, 49, &size, &note), ERR_NOT_FOUND);
	store_view_end(v);
	store_close(s);
	folder_remove(dir);
}

static void the_low_mark_is_kept(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 0, 0);
	append(s, 10, JANUARY * second);
	assert_int_equal(store_begin(s, JANUARY * second), ERR_OK);
	assert_int_equal(store_commit(s, 7), ERR_OK);
	/* … into the next segment. */
	assert_int_equal(store_begin(s, (uint64_t)(JANUARY + MONTH) * second), ERR_OK);
	store_abort(s);
	store_close(s);
	s = open_with(dir, 0, 0);
	struct store_view *v = view(s);
	assert_int_equal(store_view_low(v), 7);
	store_view_end(v);
	store_close(s);
	folder_remove(dir);
}

static void decisions_do_not_touch_the_reserve(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 4 << 20, 0);
	static uint8_t body[60000];
	uint8_t salt[LEAF_SALT] = {0};
	struct store_leaf leaf;
	uint64_t used, limit;
	enum err err = ERR_OK;
	while (err == ERR_OK) {
		assert_int_equal(store_begin(s, JANUARY * second), ERR_OK);
		err = store_append(s, LEAF_DECISION, 0, salt, span_of(body, sizeof body), &leaf);
		if (err == ERR_OK)
			assert_int_equal(store_commit(s, 0), ERR_OK);
	}
	assert_int_equal(err, ERR_STORE_FULL);
	store_abort(s);
	assert_false(store_has_room(s));
	store_usage(s, &used, &limit);
	assert_true(used < limit && used + (limit / 16) + 2 * sizeof body > limit);
	assert_int_equal(store_begin(s, JANUARY * second), ERR_OK);
	assert_int_equal(store_append(s, LEAF_ATTEMPT, 0, salt, SPAN("x"), &leaf), ERR_STORE_FULL);
	assert_int_equal(store_append(s, LEAF_REFUSALS, 0, salt, SPAN("x"), &leaf), ERR_OK);
	assert_int_equal(store_commit(s, 0), ERR_OK);
	/* The reserve has an end, too; what was committed stays. */
	uint64_t size = store_size(s);
	for (err = ERR_OK; err == ERR_OK;) {
		err = store_begin(s, JANUARY * second);
		if (err == ERR_OK)
			err = store_append(s, LEAF_REFUSALS, 0, salt, span_of(body, sizeof body), &leaf);
		if (err == ERR_OK)
			err = store_commit(s, 0);
		size += err == ERR_OK;
	}
	assert_int_equal(err, ERR_STORE_FULL);
	store_abort(s);
	assert_int_equal(store_size(s), size);
	assert_int_equal(store_resize(s, 16 << 20), ERR_OK);
	assert_true(store_has_room(s));
	assert_int_equal(store_begin(s, JANUARY * second), ERR_OK);
	assert_int_equal(store_append(s, LEAF_DECISION, 0, salt, span_of(body, sizeof body), &leaf), ERR_OK);
	assert_int_equal(leaf.sequence, size);
	assert_int_equal(store_commit(s, 0), ERR_OK);
	store_close(s);
	folder_remove(dir);
}

static void the_secret_is_made_once_and_guarded(void **state)
{
	(void)state;
	char *dir = folder_new(), path[4096];
	uint8_t first[STORE_SECRET], again[STORE_SECRET], zero[STORE_SECRET] = {0};
	struct stat st;
	enum err err;
	struct store *s = open_with(dir, 0, 0);
	store_secret(s, first);
	store_close(s);
	assert_memory_not_equal(first, zero, sizeof zero);
	s = open_with(dir, 0, 0);
	store_secret(s, again);
	store_close(s);
	assert_memory_equal(first, again, sizeof first);
	snprintf(path, sizeof path, "%s/secret", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(truncate(path, STORE_SECRET - 1), 0);
	const struct store_options o = {.path = dir};
	assert_null(store_open(&o, &err));
	assert_int_equal(err, ERR_CORRUPT);
	folder_remove(dir);
}

static void a_reader_needs_a_store(void **state)
{
	(void)state;
	char *dir = folder_new(), path[4096];
	enum err err;
	const struct store_options empty = {.path = dir, .read_only = true};
	assert_null(store_open(&empty, &err));
	assert_int_equal(err, ERR_NOT_FOUND);
	snprintf(path, sizeof path, "%s/nothing", dir);
	const struct store_options missing = {.path = path, .read_only = true};
	assert_null(store_open(&missing, &err));
	assert_int_equal(err, ERR_NOT_FOUND);
	assert_int_equal(access(path, F_OK), -1);
	folder_remove(dir);
}

struct ledger_seen {
	size_t n;
	uint8_t last;
};

static void see(void *arg, struct span key, struct span value)
{
	struct ledger_seen *seen = arg;
	assert_int_equal(key.n, STORE_LEDGER_KEY);
	assert_int_equal(value.n, 1);
	seen->n++;
	seen->last = value.p[0];
}

static void ledger_entries_are_listed_older_segments_first(void **state)
{
	(void)state;
	char *dir = folder_new();
	struct store *s = open_with(dir, 0, 0);
	struct ledger_seen seen = {0};
	const struct span key = SPAN("0123456789abcdef");
	append(s, 1, JANUARY * second);
	for (uint64_t month = 0; month < 2; month++)
		for (uint8_t value = 0; value < 2; value++) {
			uint8_t v = (uint8_t)(month * 2 + value);
			assert_int_equal(store_begin(s, (uint64_t)(JANUARY + MONTH * (int64_t)month) * second), ERR_OK);
			assert_int_equal(store_put_ledger(s, key, span_of(&v, 1)), ERR_OK);
			assert_int_equal(store_commit(s, 0), ERR_OK);
		}
	struct store_view *v = view(s);
	assert_int_equal(store_view_ledger(v, see, &seen), ERR_OK);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.last, 3);
	store_view_end(v);
	store_close(s);
	folder_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_committed_is_read_back),
		cmocka_unit_test(what_is_aborted_is_gone),
		cmocka_unit_test(a_new_month_or_a_full_segment_begins_another),
		cmocka_unit_test(an_unfinished_segment_is_removed),
		cmocka_unit_test(the_newest_checkpoint_at_or_below_a_size_is_found),
		cmocka_unit_test(the_low_mark_is_kept),
		cmocka_unit_test(decisions_do_not_touch_the_reserve),
		cmocka_unit_test(the_secret_is_made_once_and_guarded),
		cmocka_unit_test(a_reader_needs_a_store),
		cmocka_unit_test(ledger_entries_are_listed_older_segments_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
