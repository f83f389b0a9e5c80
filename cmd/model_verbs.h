/* What `bailiwick model` can do: one function a verb, one file each. argv[0] is the verb; they return exit codes. */
#ifndef CMD_MODEL_VERBS_H
#define CMD_MODEL_VERBS_H

#include <stdio.h>

int model_info(int argc, char **argv);
int model_eval(int argc, char **argv);
int model_bench(int argc, char **argv);
int model_install(int argc, char **argv);
int model_bundle(int argc, char **argv);
int model_key(int argc, char **argv);
int model_corrections(int argc, char **argv);

/* The usage of all of them. Returns code. */
int model_usage(FILE *out, int code);
/* "bailiwick model: FILE: WHY" on stderr. Returns code. */
int model_complain(const char *file, const char *why, int code);

#endif
