#include "classifiers/reading.h"

#include "base/utf8.h"
#include "classifiers/scan.h"
#include "classifiers/window.h"

/* Zeros of the decimal digits (Unicode general category Nd) beyond ASCII. */
static const uint32_t zeros[] = {
	0x0660,  0x06f0,  0x07c0,  0x0966,  0x09e6,  0x0a66,  0x0ae6,  0x0b66,  0x0be6,  0x0c66,  0x0ce6,
	0x0d66,  0x0de6,  0x0e50,  0x0ed0,  0x0f20,  0x1040,  0x1090,  0x17e0,  0x1810,  0x1946,  0x19d0,
	0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,  0xa900,  0xa9d0,  0xa9f0,
	0xaa50,  0xabf0,  0xff10,  0x104a0, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
	0x11650, 0x116c0, 0x11730, 0x118e0, 0x16a60, 0x16b50, 0x1e140, 0x1e950,
};

/* Ranges of letters and figures in another dress: first, last, ASCII of the first, size of the cycle (0: none). */
static const struct {
	uint32_t first, last;
	char ascii;
	uint8_t cycle;
} dresses[] = {
	{0x2070, 0x2070, '0', 0},   {0x2074, 0x2079, '4', 0},   {0x2080, 0x2089, '0', 0},   {0x2460, 0x2468, '1', 0},
	{0x2474, 0x247c, '1', 0},   {0x2488, 0x2490, '1', 0},   {0x24b6, 0x24cf, 'A', 0},   {0x24d0, 0x24e9, 'a', 0},
	{0x24ea, 0x24ea, '0', 0},   {0x24f5, 0x24fd, '1', 0},   {0x24ff, 0x24ff, '0', 0},   {0x2776, 0x277e, '1', 0},
	{0x2780, 0x2788, '1', 0},   {0x278a, 0x2792, '1', 0},   {0xff01, 0xff5e, '!', 0},   {0x1d7ce, 0x1d7ff, '0', 10},
	{0x1f110, 0x1f129, 'A', 0}, {0x1f130, 0x1f149, 'A', 0}, {0x1f150, 0x1f169, 'A', 0}, {0x1f170, 0x1f189, 'A', 0},
	{0x1f1e6, 0x1f1ff, 'A', 0}, {0x1fbf0, 0x1fbf9, '0', 0}, {0xe0020, 0xe007e, ' ', 0}, {0x00b2, 0x00b3, '2', 0},
	{0x00b9, 0x00b9, '1', 0},   {0x2024, 0x2024, '.', 0},   {0xfe52, 0xfe52, '.', 0},   {0xfe6b, 0xfe6b, '@', 0},
	{0x1f101, 0x1f10a, '0', 0},
};

/* Letters of other scripts that look like a Latin letter or a digit (UTS 39 confusables, the usual ones), by code
 * point. */
static const struct {
	uint16_t cp;
	char ascii;
} look_alikes[] = {
	{0x0131, 'i'}, {0x01c0, 'l'}, {0x0251, 'a'}, {0x0261, 'g'}, {0x0269, 'i'}, {0x026a, 'i'}, {0x026d, 'l'},
	{0x0274, 'N'}, {0x0280, 'R'}, {0x028f, 'Y'}, {0x0299, 'B'}, {0x029c, 'H'}, {0x029f, 'L'}, {0x037f, 'J'},
	{0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'}, {0x039a, 'K'},
	{0x039c, 'M'}, {0x039d, 'N'}, {0x039f, 'O'}, {0x03a1, 'P'}, {0x03a4, 'T'}, {0x03a5, 'Y'}, {0x03a7, 'X'},
	{0x03b1, 'a'}, {0x03b3, 'y'}, {0x03b5, 'e'}, {0x03b7, 'n'}, {0x03b9, 'i'}, {0x03ba, 'k'}, {0x03bd, 'v'},
	{0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c4, 't'}, {0x03c5, 'u'}, {0x03c7, 'x'}, {0x03c9, 'w'}, {0x03f2, 'c'},
	{0x03f3, 'j'}, {0x03f9, 'C'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'}, {0x0412, 'B'},
	{0x0415, 'E'}, {0x0417, '3'}, {0x041a, 'K'}, {0x041c, 'M'}, {0x041d, 'H'}, {0x041e, 'O'}, {0x0420, 'P'},
	{0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'}, {0x0425, 'X'}, {0x042c, 'b'}, {0x0430, 'a'}, {0x0431, '6'},
	{0x0432, 'b'}, {0x0433, 'r'}, {0x0435, 'e'}, {0x043a, 'k'}, {0x043c, 'm'}, {0x043d, 'h'}, {0x043e, 'o'},
	{0x043f, 'n'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0447, '4'},
	{0x044c, 'b'}, {0x0454, 'e'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x0461, 'w'}, {0x0474, 'V'},
	{0x0475, 'v'}, {0x04ae, 'Y'}, {0x04af, 'y'}, {0x04bb, 'h'}, {0x04bd, 'e'}, {0x04c0, 'I'}, {0x04cf, 'l'},
	{0x04d5, 'e'}, {0x04e0, '3'}, {0x04e9, 'o'}, {0x0501, 'd'}, {0x050c, 'G'}, {0x051a, 'Q'}, {0x051b, 'q'},
	{0x051c, 'W'}, {0x051d, 'w'}, {0x0548, 'n'}, {0x054d, 'U'}, {0x054f, 'S'}, {0x0555, 'O'}, {0x0563, 'q'},
	{0x0566, 'q'}, {0x056c, 'l'}, {0x0570, 'h'}, {0x0575, 'j'}, {0x0578, 'n'}, {0x057c, 'n'}, {0x057d, 'u'},
	{0x0581, 'g'}, {0x0584, 'f'}, {0x0585, 'o'}, {0x05c0, 'l'}, {0x05d5, 'l'}, {0x05df, 'l'}, {0x05e1, 'o'},
	{0x13a0, 'D'}, {0x13a1, 'R'}, {0x13a2, 'T'}, {0x13a5, 'i'}, {0x13a9, 'Y'}, {0x13aa, 'A'}, {0x13ab, 'J'},
	{0x13ac, 'E'}, {0x13b3, 'W'}, {0x13b7, 'M'}, {0x13bb, 'H'}, {0x13be, 'O'}, {0x13c0, 'G'}, {0x13c2, 'h'},
	{0x13c3, 'Z'}, {0x13cf, 'b'}, {0x13d2, 'R'}, {0x13d4, 'W'}, {0x13d5, 'S'}, {0x13d9, 'V'}, {0x13da, 'S'},
	{0x13de, 'L'}, {0x13df, 'C'}, {0x13e2, 'P'}, {0x13e6, 'K'}, {0x13e7, 'd'}, {0x13f3, 'G'}, {0x13f4, 'B'},
	{0x1d00, 'A'}, {0x1d04, 'c'}, {0x1d0f, 'o'}, {0x1d11, 'o'}, {0x1d1c, 'u'}, {0x1d20, 'v'}, {0x1d21, 'w'},
	{0x1d22, 'z'}, {0x210a, 'g'}, {0x2113, 'l'}, {0x212f, 'e'}, {0x2134, 'o'}, {0x2139, 'i'}, {0x2160, 'I'},
	{0x2164, 'V'}, {0x2169, 'X'}, {0x216c, 'L'}, {0x216d, 'C'}, {0x216e, 'D'}, {0x216f, 'M'}, {0x2170, 'i'},
	{0x2174, 'v'}, {0x2179, 'x'}, {0x217c, 'l'}, {0x217d, 'c'}, {0x217e, 'd'}, {0x217f, 'm'}, {0x2202, 'd'},
};

static bool invisible(uint32_t cp)
{
	return cp == 0xad || cp == 0x34f || cp == 0x61c || cp == 0x115f || cp == 0x1160 ||
	       (cp >= 0x17b4 && cp <= 0x17b5) || (cp >= 0x180b && cp <= 0x180f) || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0x20e3 || cp == 0x3164 ||
	       (cp >= 0xfe00 && cp <= 0xfe0f) || cp == 0xfeff || cp == 0xffa0 || (cp >= 0xfff9 && cp <= 0xfffb) ||
	       cp == 0xe0001 || cp == 0xe007f || (cp >= 0xe0100 && cp <= 0xe01ef);
}

/* Typographic spaces and dashes; 0 if it is none. */
static char spacing(uint32_t cp)
{
	if (cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x202f || cp == 0x205f || cp == 0x3000)
		return ' ';
	return (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 || cp == 0xfe58 || cp == 0xfe63 ? '-' : 0;
}

/* Mathematical letters run through the alphabet twice in each style. */
static char mathematical(uint32_t cp)
{
	if (cp < 0x1d400 || cp > 0x1d6a3)
		return 0;
	uint32_t k = (cp - 0x1d400) % 52;
	return (char)(k < 26 ? 'A' + k : 'a' + k - 26);
}

/* Letters of the scripts in everyday use, so that they are not looked up. */
static bool surely_plain(uint32_t cp)
{
	return (cp > 0xb9 && cp < 0x34f) || (cp > 0x34f && cp < 0x61c) || (cp > 0x3000 && cp < 0x3164) ||
	       (cp > 0x3164 && cp < 0xa620) || (cp >= 0xac00 && cp < 0xfe00);
}

static char dressed(uint32_t cp)
{
	if (surely_plain(cp))
		return 0;
	for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
		if (cp >= zeros[i] && cp < zeros[i] + 10)
			return (char)('0' + cp - zeros[i]);
	for (size_t i = 0; i < sizeof dresses / sizeof *dresses; i++)
		if (cp >= dresses[i].first && cp <= dresses[i].last) {
			uint32_t k = cp - dresses[i].first;
			return (char)(dresses[i].ascii + (char)(dresses[i].cycle == 0 ? k : k % dresses[i].cycle));
		}
	return mathematical(cp);
}

static char look_alike(uint32_t cp)
{
	size_t low = 0, high = sizeof look_alikes / sizeof *look_alikes;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (look_alikes[mid].cp == cp)
			return look_alikes[mid].ascii;
		if (look_alikes[mid].cp < cp)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

bool folds(uint32_t cp)
{
	return invisible(cp) || dressed(cp) != 0;
}

struct folder {
	struct window window;
	size_t token_end; /* of the token last looked at */
	bool token_mixed;
};

/* Does the run of non-spaces around at hold ASCII letters or digits? Asked once a token. */
static bool in_mixed_token(struct folder *f, size_t at)
{
	struct span t = f->window.src->text;
	if (at < f->token_end)
		return f->token_mixed;
	size_t start = at, end = at;
	f->token_mixed = false;
	for (; start > 0 && t.p[start - 1] > ' ' && at - start < 64; start--)
		f->token_mixed = f->token_mixed || ascii_alnum(t.p[start - 1]);
	for (; end < t.n && t.p[end] > ' '; end++)
		f->token_mixed = f->token_mixed || ascii_alnum(t.p[end]);
	f->token_end = end;
	return f->token_mixed;
}

/* The code point in front of at, 0 at the start; *start is where it begins. */
static uint32_t before(struct span t, size_t at, size_t *start)
{
	uint32_t cp = 0;
	*start = at;
	while (*start > 0 && at - *start < 4) {
		(*start)--;
		if ((t.p[*start] & 0xc0) != 0x80)
			break;
	}
	return utf8_decode(span_sub(t, *start, at), &cp) == at - *start ? cp : 0;
}

/* The code point at at, 0 at the end; *end is where it ends. */
static uint32_t behind(struct span t, size_t at, size_t *end)
{
	uint32_t cp = 0;
	size_t n = at < t.n ? utf8_decode(span_sub(t, at, t.n), &cp) : 0;
	*end = at + n;
	return n == 0 ? 0 : cp;
}

static bool reads_as_ascii(uint32_t cp)
{
	return (cp > ' ' && cp < 0x7f) || dressed(cp) != 0;
}

static bool reads_as_digit(uint32_t cp)
{
	return (cp >= '0' && cp <= '9') || ascii_digit((uint8_t)dressed(cp));
}

static bool blank(uint32_t cp)
{
	return cp <= ' ' || spacing(cp) == ' ';
}

/* A typographic space or dash within a number, or between characters that each stand alone. */
static bool between_words(struct span t, size_t at, size_t end)
{
	size_t start, stop, far;
	uint32_t left = before(t, at, &start), right = behind(t, end, &stop);
	if (!reads_as_ascii(left) || !reads_as_ascii(right))
		return blank(left) && blank(right) && left != 0 && right != 0;
	if (reads_as_digit(left) || reads_as_digit(right) ||
	    (left >= 'A' && left <= 'Z' && right >= 'A' && right <= 'Z'))
		return true;
	return blank(before(t, start, &far)) && blank(behind(t, stop, &far));
}

/* Next to emoji and in other scripts invisible characters are at home. Others of their kind are looked past. */
static bool beside_word(struct span t, size_t at, size_t end)
{
	enum { REACH = 8 };
	uint32_t left = before(t, at, &at), right = behind(t, end, &end);
	for (unsigned i = 0; i < REACH && invisible(left); i++)
		left = before(t, at, &at);
	for (unsigned i = 0; i < REACH && invisible(right); i++)
		right = behind(t, end, &end);
	return reads_as_ascii(left) || reads_as_ascii(right) || (left < 0x80 && right < 0x80);
}

static void fold(struct folder *f, uint32_t cp, size_t at, size_t end)
{
	struct span t = f->window.src->text;
	struct reading *r = f->window.out;
	bool plain = surely_plain(cp);
	char ascii = plain ? 0 : spacing(cp);
	enum change change = CHANGE_SPACING;
	if (ascii != 0 && !between_words(t, at, end))
		return;
	if (!plain && invisible(cp)) {
		if (!beside_word(t, at, end))
			return;
		window_change(&f->window, at, end);
		if (r->n > 0 && r->change[r->n - 1] < CHANGE_REMOVED)
			r->change[r->n - 1] = CHANGE_REMOVED;
		return;
	}
	if (ascii == 0) {
		change = CHANGE_FOLDED;
		ascii = dressed(cp);
		if (ascii == 0 && (ascii = look_alike(cp)) != 0 && !in_mixed_token(f, at))
			ascii = 0;
	}
	if (ascii == 0)
		return;
	window_change(&f->window, at, end);
	reading_add(r, (uint8_t)ascii, source_origin(f->window.src, at, end), change);
}

/* Behind the ASCII bytes from at on, which may be none. */
static size_t ascii_end(struct span t, size_t at)
{
	uint64_t eight;
	for (; t.n - at >= sizeof eight; at += sizeof eight) {
		memcpy(&eight, t.p + at, sizeof eight);
		if ((eight & 0x8080808080808080u) != 0)
			break;
	}
	while (at < t.n && t.p[at] < 0x80)
		at++;
	return at;
}

void read_folded(const struct source *src, struct reading *r)
{
	struct folder f = {.window = window_of(src, r)};
	size_t i = 0;
	while (i < src->text.n) {
		uint32_t cp;
		if (src->text.p[i] < 0x80) {
			i = ascii_end(src->text, i + 1);
			continue;
		}
		size_t n = utf8_decode(span_sub(src->text, i, src->text.n), &cp);
		if (n == 0) {
			i++;
			continue;
		}
		fold(&f, cp, i, i + n);
		i += n;
	}
	window_end(&f.window);
}
