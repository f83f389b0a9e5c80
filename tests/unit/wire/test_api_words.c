/* Which words count as the APIs' own. Whatever is let through here is not scanned, so near misses must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/api_table.h"

typedef bool predicate(struct span);

static void expect(predicate *p, bool want, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p(span_str(words[i])) != want)
			fail_msg("\"%s\" is %s", words[i], want ? "refused" : "accepted");
}
#define YES(p, ...)                                                                                                    \
	expect((p), true, (const char *const[]){__VA_ARGS__},                                                          \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define NO(p, ...)                                                                                                     \
	expect((p), false, (const char *const[]){__VA_ARGS__},                                                         \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void known(void **state)
{
	(void)state;
	YES(api_word_known, "user", "text", "image_url", "tool_use", "function_call_output", "web_search_20250305",
	    "string", "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema", "auto",
	    "24h", "image/png", "reasoning.encrypted_content", "in_progress", "gpt-image-1.5-mini");
	NO(api_word_known, "", "User", "users", "use", "text ", " text", "image_url2", "web_search_19850305",
	   "web_search_20251905", "web_search_202503051", "function_call_outputs", "Anna",
	   "https://json-schema.org/draft/2020-12/schema?x", "24hours");
	assert_false(api_word_known(SPAN("user\0")));
	assert_false(api_word_known(SPAN("us\0er")));
	assert_false(api_word_known(SPAN("\0")));
}

static void client_tools(void **state)
{
	(void)state;
	YES(api_word_client_tool, "function", "custom", "local_shell", "apply_patch", "bash_20250124",
	    "text_editor_20250728", "computer_20251124", "computer_use_preview", "memory_20250818");
	NO(api_word_client_tool, "", "functions", "web_search", "web_search_20250305", "mcp", "code_interpreter",
	   "file_search", "code_execution_20250825", "shell", "bash", "image_generation", "Function");
	assert_false(api_word_client_tool(SPAN("function\0")));
}

static void made_ids(void **state)
{
	(void)state;
	YES(api_word_made_id, "call_abcdefghijklmnop", "toolu_01A09q90qw90lq917835lq9", "file-AbCdEfGhIjKlMnOp",
	    "msg_0a1b2c3d4e5f6a7b8c9d");
	NO(api_word_made_id, "", "call_", "call_short", "call_4915112345678abcd", "abcdefghijklmnopqrstuvwxyz",
	   "file-john smith and others", "call_abcdefghijklmnop@example.com", "person_abcdefghijklmnop",
	   "call abcdefghijklmnop");
	char longest[200];
	memset(longest, 'a', sizeof longest);
	memcpy(longest, "call_", 5);
	assert_true(api_word_made_id(span_of(longest, 128)));
	assert_false(api_word_made_id(span_of(longest, 129)));
}

static void models(void **state)
{
	(void)state;
	YES(api_word_model, "gpt-5.2", "claude-sonnet-5-20260929", "ft:gpt-4o:org::id", "Qwen/Qwen3-32B", "o3");
	NO(api_word_model, "", "someone@example.com", "John Smith", "4915112345678", "m4915112345678", "-x",
	   "m\xc3\xbcller");
	char longest[65];
	memset(longest, 'm', sizeof longest);
	assert_true(api_word_model(span_of(longest, 64)));
	assert_false(api_word_model(span_of(longest, 65)));
	assert_false(api_word_model(SPAN("gpt\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(client_tools),
					   cmocka_unit_test(made_ids), cmocka_unit_test(models)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
