-- wrk: one chat request again and again, or (VARY=1) each time with another word in each message, so that a cache of
-- messages does not hide the scanning. BODY names a file in which @@@@@@@@ stands for that word.
local file = assert(io.open(os.getenv("BODY"), "rb"))
local body = file:read("*a")
file:close()

local head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	.. "Accept: application/json\r\nUser-Agent: OpenAI/Python 2.8.0\r\nX-Stainless-Lang: python\r\n"
	.. "Authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef\r\n"
	.. (os.getenv("HEADERS") or "")
	.. "Content-Length: " .. #body .. "\r\n\r\n"

local pieces, at = {}, 1
while true do
	local from, to = body:find("@@@@@@@@", at, true)
	if not from then break end
	pieces[#pieces + 1] = body:sub(at, from - 1)
	at = to + 1
end
pieces[#pieces + 1] = body:sub(at)
pieces[1] = head .. pieces[1]

local vary, n = os.getenv("VARY") == "1", 0
local fixed = table.concat(pieces, "question")

function request()
	if not vary then return fixed end
	n = n + 1
	local word, left = "", n
	for _ = 1, 8 do
		word = string.char(97 + left % 26) .. word
		left = math.floor(left / 26)
	end
	return table.concat(pieces, word)
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
		latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
