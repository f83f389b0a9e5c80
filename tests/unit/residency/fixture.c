#include "fixture.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char folder[64];

static int run(char *const argv[])
{
	pid_t pid;
	int status;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *fixture_folder(void)
{
	snprintf(folder, sizeof folder, "/tmp/bailiwick-residency-XXXXXX");
	return mkdtemp(folder);
}

void fixture_remove(void)
{
	char *argv[] = {"rm", "-rf", folder, NULL};
	(void)run(argv);
}

int fixture_write(const char *name, struct span bytes, char out[FIXTURE_PATH])
{
	snprintf(out, FIXTURE_PATH, "%s/%s", folder, name);
	FILE *f = fopen(out, "wb");
	if (f == NULL)
		return -1;
	size_t n = bytes.n == 0 ? 0 : fwrite(bytes.p, 1, bytes.n, f);
	return fclose(f) == 0 && n == bytes.n ? 0 : -1;
}

int fixture_mmdb(const char *name, const char *layout, int ip_version, const char *ranges, char out[FIXTURE_PATH])
{
	char csv[FIXTURE_PATH], epoch[24], version[4];
	if (fixture_write("ranges.csv", span_str(ranges), csv) != 0)
		return -1;
	snprintf(out, FIXTURE_PATH, "%s/%s", folder, name);
	snprintf(epoch, sizeof epoch, "%u", FIXTURE_EPOCH);
	snprintf(version, sizeof version, "%d", ip_version);
	char *argv[] = {"perl",
			BW_SOURCE_DIR "/deploy/geo/compile.pl",
			"--layout",
			(char *)layout,
			"--epoch",
			epoch,
			"--ip-version",
			version,
			out,
			csv,
			NULL};
	return run(argv);
}

uint8_t *fixture_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(1 << 20);
	*n = 0;
	if (f != NULL && p != NULL)
		*n = fread(p, 1, 1 << 20, f);
	if (f != NULL)
		fclose(f);
	if (*n > 0)
		return p;
	free(p);
	return NULL;
}
