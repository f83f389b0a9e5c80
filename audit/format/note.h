/* Signed notes, verifier and signer keys (C2SP signed-note), Ed25519 only; other signatures are carried and ignored. */
#ifndef AUDIT_FORMAT_NOTE_H
#define AUDIT_FORMAT_NOTE_H

#include "base/buf.h"

enum { NOTE_ED25519 = 1, NOTE_KEY = 32, NOTE_SIGNATURE = 64, NOTE_MAX_SIGNATURES = 64, NOTE_MAX = 1 << 20 };

struct note_vkey {
	struct span name;
	uint8_t id[4];
	uint8_t key[NOTE_KEY];
};
/* "name+hex8+base64(01 ‖ key)". The name points into in. ERR_SYNTAX if malformed or the id does not fit the key. */
enum err note_vkey_parse(struct span in, struct note_vkey *out) MUST;
void note_vkey_format(const struct note_vkey *k, struct buf *out);
/* Fills the id from name and key. ERR_SYNTAX if the name is empty or holds spaces, '+' or control characters. */
enum err note_vkey_init(struct note_vkey *k, struct span name, const uint8_t key[NOTE_KEY]) MUST;

/* The secret half, "PRIVATE+KEY+name+hex8+base64(01 ‖ seed)" as golang.org/x/mod/sumdb/note writes it. Wipe it after
 * use. */
struct note_skey {
	struct note_vkey public;
	uint8_t seed[NOTE_KEY];
};
enum err note_skey_init(struct note_skey *k, struct span name, const uint8_t seed[NOTE_KEY]) MUST;
enum err note_skey_parse(struct span in, struct note_skey *out) MUST;
void note_skey_format(const struct note_skey *k, struct buf *out);

struct note {
	struct span text; /* what is signed, with its last newline */
	struct {
		struct span name;
		uint8_t id[4];
		struct span base64; /* of id ‖ signature */
	} signatures[NOTE_MAX_SIGNATURES];
	size_t n;
};
/* Spans point into in. */
enum err note_parse(struct span in, struct note *out) MUST;
/* ERR_NOT_FOUND if no signature is this key's; ERR_VERIFY if one that says it is does not fit. */
enum err note_verify(const struct note *n, const struct note_vkey *k) MUST;
/* Appends text, an empty line and the signature line. text must end in a newline and hold no empty line at its end. */
enum err note_sign(struct span text, const struct note_skey *k, struct buf *out) MUST;

#endif
