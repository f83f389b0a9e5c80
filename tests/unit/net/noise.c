#include "rig.h"

/* xorshift32 (Marsaglia): any seed but 0. */
uint32_t noise(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void change(uint32_t *state, char *p, size_t n)
{
	static const char spice[] = "\r\n\0 :;,0123456789aF\x80";
	p[noise(state) % n] = spice[noise(state) % (sizeof spice - 1)];
}

size_t mutate(uint32_t *state, const char *text, char *out, size_t room)
{
	size_t n = strlen(text);
	memcpy(out, text, n);
	for (uint32_t i = noise(state) % 4; i > 0 && n > 1; i--) {
		size_t at = noise(state) % n, length = noise(state) % (n - at) % 16;
		switch (noise(state) % 4) {
		case 0:
		case 1:
			change(state, out, n);
			break;
		case 2:
			memmove(out + at, out + at + length, n - at - length);
			n -= length;
			break;
		case 3:
			if (n + length > room)
				break;
			memmove(out + at + length, out + at, n - at);
			n += length;
			break;
		}
	}
	return n;
}
