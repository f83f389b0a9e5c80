/* What the audit tests share: temporary stores, records and waiting appends. */
#ifndef TESTS_AUDIT_HELPER_H
#define TESTS_AUDIT_HELPER_H

#include <sys/types.h>

#include "audit/writer.h"

/* A fresh folder below TMPDIR; freed and removed, with all in it, by scratch_remove. */
char *scratch_new(void);
void scratch_remove(char *path);
/* "path/name"; the caller frees it. */
char *scratch_join(const char *path, const char *name);

/* Options with small limits, for a store in this folder. */
struct audit_options test_options(const char *path);
struct audit_writer *open_writer(const struct audit_options *o);

/* A decision with facts and one candidate; n makes it different. */
void decision_body(struct buf *out, uint64_t n);
void outcome_body(struct buf *out, uint64_t decision);
void attempt_body(struct buf *out, uint64_t decision);

/* Appends and waits until done was called. */
struct append_result {
	enum err err;
	uint64_t sequence, sequence2;
	uint8_t leaf_hash[32];
};
struct append_result append_wait(struct audit_writer *w, enum leaf_kind kind, struct span body);
struct append_result append_decision(struct audit_writer *w, uint64_t n);

/* Waits for a condition on the status; fails the test after half a minute. */
void wait_status(struct audit_writer *w, bool (*is)(const struct audit_status *, uint64_t arg), uint64_t arg);
bool status_healthy(const struct audit_status *s, uint64_t ignored);
bool status_failing(const struct audit_status *s, uint64_t err);
bool status_size(const struct audit_status *s, uint64_t at_least);
bool status_signed(const struct audit_status *s, uint64_t at_least);

/* A signer of its own, as a process: key and state lie in the folder, the socket is folder/signer.sock. */
struct signer {
	pid_t pid;
	char *key, *state, *socket;
	struct buf vkey; /* one line */
};
/* Makes the key if there is none. */
void signer_start(struct signer *s, const char *folder);
void signer_stop(struct signer *s);
/* Forgets the paths, too; the process must have been stopped. */
void signer_free(struct signer *s);
/* One frame there and one back. */
void signer_ask(const struct signer *s, struct span request, struct buf *answer);

/* Runs a program (found in PATH or by path); its exit status. Output goes nowhere. */
int run_program(char *const argv[]);

#endif
