/* Faults of the disk under LMDB: this program's own pwrite, writev, fdatasync and fallocate stand in for libc's, act on
 * files of segments only, and do as they are told. */
#ifndef TESTS_AUDIT_FAULTS_H
#define TESTS_AUDIT_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* What the calls fail with: 0: they work. */
struct faults {
	int write; /* of data */
	int meta;  /* of the page that completes a commit */
	int sync;
	int allocate;
	bool after; /* pwrite does its work before it fails */
};
void faults_set(struct faults f);

/* --- power loss: what a disk would hold that keeps only what was synced, and of the rest what chance lets it keep ---
 */

/* From now on everything written to segments is noted. At the op-th write or sync from now the image is taken. */
void power_watch(uint64_t op, uint64_t seed);
/* Has the image been taken? */
bool power_lost(void);
/* Writes the image's files into a folder that exists, by the names they had, and ends the watch. */
void power_restore(const char *folder);

#endif
