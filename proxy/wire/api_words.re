/* Words that the APIs define, and shapes of names that they make up. A word listed here is not scanned where the table
 * says ENUM, so nothing that a person could have typed belongs here. (The lists are the table.) */
#include "proxy/wire/api_table.h"

/*!re2c
	re2c:api = custom;
	re2c:api:style = free-form;
	re2c:define:YYCTYPE = "uint8_t";
	re2c:define:YYPEEK = "(p < end ? *p : 0)";
	re2c:define:YYSKIP = "++p;";
	re2c:define:YYBACKUP = "mark = p;";
	re2c:define:YYRESTORE = "p = mark;";
	re2c:define:YYLESSTHAN = "p >= end";
	re2c:yyfill:enable = 0;
	re2c:eof = 0;

	/* Tools are dated, e.g. web_search_20250305; anything dated otherwise is scanned. */
	dated    = "_20" [2-4] [0-9] ("0" [1-9] | "1" [0-2]) ("0" [1-9] | [12] [0-9] | "3" [01]);
	alnum    = [A-Za-z0-9];
*/

bool api_word_known(struct span word)
{
	const uint8_t *p = word.p, *end = word.p + word.n, *mark;
	/*!re2c
		roles = "system" | "developer" | "user" | "assistant" | "tool" | "function";
		parts = "text" | "image_url" | "video_url" | "audio_url" | "input_audio" | "file" | "refusal"
		      | "image" | "document"
		      | "input_text" | "input_image" | "input_file" | "output_text" | "summary_text"
		      | "reasoning_text"
		      | "output_audio" | "computer_screenshot" | "content" | "base64" | "url" | "logs"
		      | "char_location"
		      | "page_location" | "content_block_location" | "search_result_location"
		      | "web_search_result_location"
		      | "url_citation" | "file_citation" | "container_file_citation" | "file_path";
		blocks = "tool_use" | "tool_result" | "thinking" | "redacted_thinking" | "search_result"
		      | "server_tool_use"
		      | "web_search_tool_result" | "web_search_result" | "web_fetch_tool_result" | "web_fetch_result"
		      | "code_execution_tool_result" | "code_execution_result" | "code_execution_output"
		      | "mcp_tool_use" | "mcp_tool_result"
		      | "bash_code_execution_tool_result" | "bash_code_execution_result"
		      | "text_editor_code_execution_tool_result"
		      | "container_upload" | "tool_reference" | "tool_search_tool_result" | "compaction" | "direct"
		      | "ephemeral";
		items = "message" | "item_reference" | "reasoning" | "program" | ("function" | "custom_tool" | "mcp"
		      | "computer"
		      | "web_search" | "file_search" | "code_interpreter" | "image_generation" | "local_shell"
		      | "shell"
		      | "apply_patch" | "tool_search" | "program") "_call" ("_output")?
		      | "tool_search_output" | "mcp_list_tools" | "mcp_approval_request" | "mcp_approval_response"
		      | "compaction_summary" | "summary"
		      | "exec" | "search" | "open_page" | "find_in_page" | "find" | "click" | "double_click"
		      | "drag" | "keypress" | "move"
		      | "screenshot" | "scroll" | "type" | "wait" | "left" | "right" | "wheel" | "back" | "forward"
		      | "create_file" | "update_file" | "delete_file" | "exit" | "timeout";
		tools = "custom" | "web_search_preview" | "web_search" | "file_search" | "code_interpreter"
		      | "computer_use_preview"
		      | "computer" | "mcp" | "image_generation" | "local_shell" | "shell" | "apply_patch"
		      | "namespace" | "tool_search"
		      | "grammar" | "lark" | "regex" | "approximate" | "container_auto" | "container_reference"
		      | "local" | "skill_reference"
		      | "inline" | "mcp_toolset" | "anthropic" | "allowed_tools"
		      | ("web_search" | "web_fetch" | "code_execution" | "bash" | "text_editor" | "computer"
		      | "memory"
		      | "tool_search_tool_regex" | "tool_search_tool_bm25") dated;
		schema = "object" | "array" | "string" | "number" | "integer" | "boolean" | "null" | "date-time"
		      | "date" | "time"
		      | "duration" | "email" | "hostname" | "ipv4" | "ipv6" | "uri" | "uuid" | "int32" | "int64"
		      | "float" | "double"
		      | "json_schema" | "json_object"
		      | "http" [s]? "://json-schema.org/" ("draft-0" [4-7] "/schema"
		      | "draft/20" ("19-09"|"20-12") "/schema") [#]?;
		modes = "auto" | "none" | "any" | "all" | "required" | "default" | "flex" | "scale" | "priority"
		      | "standard_only" | "fast" | "standard"
		      | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "concise" | "detailed"
		      | "disabled" | "enabled" | "adaptive"
		      | "omitted" | "summarized" | "always" | "never" | "in_memory" | "24h" | "5m" | "1h" | "base64"
		      | "audio" | "transparent"
		      | "opaque" | "1024x1024" | "1024x1536" | "1536x1024" | "1g" | "4g" | "16g" | "64g"
		      | "final_answer" | "commentary"
		      | "client" | "server" | "us" | "eu" | "global" | "browser" | "mac" | "windows" | "ubuntu"
		      | "linux" | "turns" | "tool_uses" | "input_tokens"
		      | ("clear_tool_uses" | "clear_thinking" | "compact") dated
		      | "alloy" | "ash" | "ballad" | "coral" | "echo" | "fable" | "onyx" | "nova" | "sage"
		      | "shimmer" | "verse" | "marin" | "cedar"
		      | "gpt-image-" [0-9.]+ ("-mini")?;
		states = "in_progress" | "completed" | "incomplete" | "failed" | "searching" | "interpreting"
		      | "generating" | "calling"
		      | "too_many_requests" | "invalid_tool_input" | "max_uses_exceeded" | "query_too_long"
		      | "unavailable" | "url_not_accessible";
		media = "image/" ("png" | "jpeg" | "gif" | "webp") | "application/pdf" | "text/plain"
		      | "wav" | "mp3" | "flac" | "opus" | "pcm16" | "aac" | "png" | "jpeg" | "webp";
		include = "reasoning.encrypted_content" | "message.output_text.logprobs"
		      | "message.input_image.image_url"
		      | "file_search_call.results" | "web_search_call.results" | "web_search_call.action.sources"
		      | "code_interpreter_call.outputs" | "computer_call_output.output.image_url";

		roles | parts | blocks | items | tools | schema | modes | states | media
		      | include { return p == end; }
		$ { return false; }
		* { return false; }
	*/
}

bool api_word_client_tool(struct span type)
{
	const uint8_t *p = type.p, *end = type.p + type.n, *mark;
	/*!re2c
		"function" | "custom" | "namespace" | "local_shell" | "apply_patch" | "computer"
		      | "computer_use_preview"
		| ("bash" | "text_editor" | "computer" | "memory") dated { return p == end; }
		$ { return false; }
		* { return false; }
	*/
}

/* Seven digits in a row may be a number that means somebody. */
static bool has_long_number(struct span s, size_t longest)
{
	size_t run = 0;
	for (size_t i = 0; i < s.n; i++) {
		run = s.p[i] >= '0' && s.p[i] <= '9' ? run + 1 : 0;
		if (run > longest)
			return true;
	}
	return false;
}

bool api_word_made_id(struct span id)
{
	const uint8_t *p = id.p, *end = id.p + id.n, *mark;
	if (id.n > 128 || has_long_number(id, 6))
		return false;
	/*!re2c
		("call" | "toolu" | "srvtoolu" | "mcptoolu" | "resp" | "msg" | "chatcmpl" | "file" | "conv" | "cntr"
		      | "container"
		| "vs" | "pmpt" | "rs" | "fc" | "fco" | "ctc" | "ctco" | "cu" | "ci" | "fs" | "ws" | "ig" | "lsh"
		      | "sh" | "ap" | "mcp" | "mcpl"
		| "mcpr" | "audio" | "skill" | "cmp" | "sc" | "cu_sc") [_-] (alnum | [_-]){16,} { return p == end; }
		$ { return false; }
		* { return false; }
	*/
}

bool api_word_model(struct span name)
{
	const uint8_t *p = name.p, *end = name.p + name.n;
	/* Dates such as 20250514 are part of many names. */
	if (name.n > 64 || has_long_number(name, 8))
		return false;
	/*!re2c
		[A-Za-z] (alnum | [-._:/])* { return p == end; }
		$ { return false; }
		* { return false; }
	*/
}
