/* check: is everything that serve will need in order? Connects to engines, and to nothing else. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "cmd/check_engines.h"
#include "cmd/check_routes.h"
#include "cmd/commands.h"
#include "cmd/signer_program.h"
#include "config/value.h"
#include "proxy/net/server.h"

enum { CERT_WARN_DAYS = 30, DPF_WARN_DAYS = 90, DISK_WARN_MIB = 1024, DAY_S = 24 * 60 * 60 };

static int64_t today(void)
{
	return (int64_t)time(NULL) / DAY_S;
}

/* --- configuration, rules and all that the snapshot holds --- */

static void add_place(struct report *r, const char *part, const char *file, unsigned line, unsigned column,
		      const char *text)
{
	if (line == 0)
		report_add(r, REPORT_PROBLEM, part, "%s: %s", file, text);
	else
		report_add(r, REPORT_PROBLEM, part, "%s:%u:%u: %s", file, line, column, text);
}

/* Groups are parsed without knowing which codes are assigned: "UK" in a file of the house's own would never match. */
static void check_groups(struct report *r, const struct country_groups *g)
{
	for (size_t i = 0; i < country_groups_count(g); i++) {
		const struct country_set *set = country_groups_set(g, i);
		country c = country_set_next(set, 0);
		for (; c != COUNTRY_NONE; c = country_set_next(set, (country)(c + 1))) {
			char name[3];
			country_name(c, name);
			if (value_country(span_str(name)) == COUNTRY_NONE)
				report_add(r, REPORT_PROBLEM, "country groups", "%s in group %.*s is no country code",
					   name, SPAN_ARG(country_groups_name(g, i)));
		}
	}
}

static struct snapshot *check_snapshot(struct report *r, const char *file)
{
	enum err err;
	struct snapshot_problem p;
	struct snapshot *s = snapshot_load(file, NULL, &p, &err);
	if (s == NULL) {
		add_place(r, "rules and tables", p.file, p.line, p.column, p.text);
		return NULL;
	}
	report_add(r, REPORT_OK, "rules and tables", "%zu rule files, %zu country groups, %zu house lists",
		   s->config->n_rules, country_groups_count(s->groups), s->config->n_house);
	check_groups(r, s->groups);
	return s;
}

/* s: what was loaded, or NULL; then the report already says why not. */
static void check_model(struct report *r, const struct config *c, const struct snapshot *s)
{
	if (c->model.p == NULL)
		report_add(r, REPORT_WARNING, "model",
			   "none: names, places and health words in free text are not found; set \"model: "
			   "models/tagger.bwm\"");
	else if (s != NULL && s->tagger != NULL && s->model_file.bundled)
		report_add(r, REPORT_OK, "model", "%s, %.*s %.*s, sequence %llu, signed by %.*s, kernel %s", c->model.p,
			   SPAN_ARG(s->model_file.manifest.name), SPAN_ARG(s->model_file.manifest.version),
			   (unsigned long long)s->model_file.manifest.sequence,
			   SPAN_ARG(s->model_file.signer.n > 0 ? s->model_file.signer : SPAN("nobody known")),
			   tagger_kernel(s->tagger));
	else if (s != NULL && s->tagger != NULL)
		report_add(r, REPORT_OK, "model", "%s, kernel %s", c->model.p, tagger_kernel(s->tagger));
}

/* --- files --- */

/* A file that must be there and be no one else's business. */
static void check_private(struct report *r, const char *part, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		report_add(r, REPORT_PROBLEM, part, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		report_add(r, REPORT_PROBLEM, part, "%s is not a file", path);
	else if ((st.st_mode & 077) != 0)
		report_add(r, REPORT_PROBLEM, part, "%s is open to others; chmod 600 it", path);
	else
		report_add(r, REPORT_OK, part, "%s", path);
}

static bool on_network(const char *path)
{
	static const long kinds[] = {0x6969 /* NFS */,      0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */,
				     0x00c36400 /* Ceph */, 0x65735546 /* FUSE */, 0x794c7630 /* overlay */};
	struct statfs fs;
	if (statfs(path, &fs) != 0)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (fs.f_type == kinds[i])
			return true;
	return false;
}

static void check_signing_key(struct report *r, const struct config *c)
{
	char why[1024], key[1024];
	signer_key_path(c, key, sizeof key);
	if (signer_check_key(c, why, sizeof why))
		report_add(r, REPORT_OK, "signing key", "%s", key);
	else
		report_add(r, REPORT_PROBLEM, "signing key", "%s", why);
}

static void check_store(struct report *r, const struct config *c)
{
	const char *path = (const char *)c->audit.path.p;
	struct stat st;
	struct statvfs vfs;
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		report_add(r, REPORT_PROBLEM, "store",
			   "%s is no folder; `bailiwick init` makes one, or mkdir -m 700 it", path);
		return;
	}
	if (access(path, R_OK | W_OK | X_OK) != 0)
		report_add(r, REPORT_PROBLEM, "store", "%s: %s; run check as the user that serves", path,
			   strerror(errno));
	else if ((st.st_mode & 077) != 0)
		report_add(r, REPORT_PROBLEM, "store", "%s is open to others; chmod 700 it", path);
	else if (on_network(path))
		report_add(r, REPORT_WARNING, "store",
			   "%s is on a network, overlay or FUSE filesystem; use a local disk", path);
	else if (statvfs(path, &vfs) == 0 && (uint64_t)vfs.f_bavail * vfs.f_frsize >> 20 < DISK_WARN_MIB)
		report_add(r, REPORT_WARNING, "store",
			   "%s has less than %d MiB of free disk; when it is full nothing is forwarded", path,
			   DISK_WARN_MIB);
	else
		report_add(r, REPORT_OK, "store", "%s", path);
	check_signing_key(r, c);
}

/* --- certificates --- */

static bool cert_days(const char *path, int *days)
{
	int seconds;
	FILE *f = fopen(path, "r");
	X509 *cert = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);
	bool ok = cert != NULL && ASN1_TIME_diff(days, &seconds, NULL, X509_get0_notAfter(cert)) == 1;
	if (ok && seconds < 0 && *days == 0)
		*days = -1;
	X509_free(cert);
	if (f != NULL)
		fclose(f);
	return ok;
}

static void check_certificate(struct report *r, const struct config_listener *l)
{
	const char *cert = (const char *)l->tls_cert.p, *key = (const char *)l->tls_key.p;
	enum err err;
	int days = 0;
	struct server_tls *tls = server_tls_new(cert, key, &err);
	if (tls == NULL) {
		report_add(r, REPORT_PROBLEM, "certificate", "%s and %s cannot be used together: %s", cert, key,
			   err_text(err));
		return;
	}
	server_tls_free(tls);
	if (!cert_days(cert, &days))
		report_add(r, REPORT_PROBLEM, "certificate", "%s holds no readable certificate", cert);
	else if (days < 0)
		report_add(r, REPORT_PROBLEM, "certificate", "%s has expired; renew it", cert);
	else if (days < CERT_WARN_DAYS)
		report_add(r, REPORT_WARNING, "certificate", "%s expires in %d days; renew it", cert, days);
	else
		report_add(r, REPORT_OK, "certificate", "%s, %d days left", cert, days);
	check_private(r, "private key", key);
}

static void check_certificates(struct report *r, const struct config *c)
{
	for (size_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].tls_cert.p != NULL)
			check_certificate(r, &c->listeners[i]);
}

/* --- clock and geography --- */

static void check_clock(struct report *r)
{
	static const time_t built = 1763596800; /* 2025-11-20: an earlier clock is certainly wrong */
	struct timex t = {0};
	if (time(NULL) < built)
		report_add(r, REPORT_PROBLEM, "clock", "it shows a past year; set it, records carry its time");
	else if (adjtimex(&t) < 0 || (t.status & STA_UNSYNC) != 0)
		report_add(r, REPORT_WARNING, "clock",
			   "not synchronised as far as the kernel knows; run an NTP client");
	else
		report_add(r, REPORT_OK, "clock", "synchronised, error at most %ld ms", t.maxerror / 1000);
}

static void check_geo(struct report *r, const struct snapshot *s)
{
	struct span path = s->config->geo.database;
	if (path.p == NULL) {
		report_add(r, REPORT_WARNING, "country database",
			   "none: addresses of clouds cannot be placed; make one with deploy/geo/build.sh and set "
			   "\"geo\"");
		return;
	}
	if (s->geo == NULL) {
		report_add(r, REPORT_PROBLEM, "country database",
			   "%s is missing, damaged, or not what its .sha256 says", path.p);
		return;
	}
	char sum[1100];
	int64_t age = today() - (int64_t)(geo_built_at(s->geo) / DAY_S);
	snprintf(sum, sizeof sum, "%s.sha256", path.p);
	if (age > (int64_t)s->config->geo.max_age_days)
		report_add(r, REPORT_PROBLEM, "country database", "%" PRId64 " days old, %u allowed; build a new one",
			   age, s->config->geo.max_age_days);
	else if (access(sum, R_OK) != 0)
		report_add(r, REPORT_WARNING, "country database",
			   "no %s beside it: damage would go unnoticed; write it with sha256sum", sum);
	else
		report_add(r, REPORT_OK, "country database", "%" PRId64 " days old", age);
}

/* --- clouds --- */

/* What is declared of a cloud against what its vendor says in public. */
static void check_declaration(struct report *r, const struct snapshot *s, const struct target *t, const char *part)
{
	const struct config_destination *d = t->config;
	struct vendor_region v;
	bool known = destination_table_find(s->vendors, d->host, d->base_path, SPAN_NULL, &v);
	if (d->n_processing == 0 && (!known || v.anywhere))
		report_add(r, REPORT_WARNING, part,
			   "where it processes is unknown, which rules take as the worst; set \"processing\"");
	else if (d->n_processing > 0 && known && v.anywhere && !t->declared.anywhere)
		report_add(r, REPORT_WARNING, part,
			   "its vendor promises no region for this host (%.*s); your contract must", SPAN_ARG(v.note));
	else if (d->n_processing > 0 && known && !v.anywhere &&
		 !country_set_within(&v.processing, &t->declared.processing))
		report_add(r, REPORT_WARNING, part,
			   "its vendor names more countries than \"processing\" does; check your contract");
	else
		report_add(r, REPORT_OK, part, "declared");
}

static void check_contracts(struct report *r, const struct config_destination *d, const char *part)
{
	if (d->contracts.tia_expires != 0 && d->contracts.tia_expires < today())
		report_add(r, REPORT_WARNING, part,
			   "its transfer impact assessment has expired; renew it and \"tia_expires\"");
	if (d->contracts.dpf_set && today() - d->contracts.dpf_checked > DPF_WARN_DAYS)
		report_add(r, REPORT_WARNING, part, "its DPF status was last checked more than %d days ago; look it up",
			   DPF_WARN_DAYS);
	if (d->contracts.dpf_checked > today())
		report_add(r, REPORT_PROBLEM, part, "\"checked\" lies in the future");
	if (d->credentials == CREDENTIALS_FILE)
		check_private(r, part, (const char *)d->credentials_file.p);
	if (d->insecure)
		report_add(r, REPORT_WARNING, part, "declared insecure; every record of it says so");
}

static void check_destinations(struct report *r, const struct snapshot *s)
{
	for (size_t i = 0; i < s->config->n_destinations; i++) {
		const struct target *t = &s->targets[i];
		char part[96];
		snprintf(part, sizeof part, "%s %.*s", t->config->on_prem ? "engine" : "cloud",
			 SPAN_ARG(t->config->name));
		if (!t->config->on_prem)
			check_declaration(r, s, t, part);
		check_contracts(r, t->config, part);
	}
}

static enum err check_all(struct report *r, const char *file)
{
	enum err err;
	struct config_diag diag;
	struct config *c = config_load(file, &diag, &err);
	if (c == NULL) {
		add_place(r, "configuration", diag.file, diag.line, diag.column, diag.text);
		return err == ERR_NOT_FOUND || err == ERR_IO ? err : ERR_OK;
	}
	report_add(r, REPORT_OK, "configuration", "%s: %zu listeners, %zu destinations, %zu routes, %zu apps", file,
		   c->n_listeners, c->n_destinations, c->n_routes, c->n_apps);
	struct snapshot *s = check_snapshot(r, file);
	check_model(r, c, s);
	check_store(r, c);
	check_certificates(r, c);
	check_clock(r);
	if (s != NULL) {
		check_geo(r, s);
		check_destinations(r, s);
		err = check_routes(r, s);
		if (err == ERR_OK)
			err = check_engines(r, s);
		snapshot_put(s);
	}
	config_free(c);
	return err;
}

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick check -c FILE [--json]\n\n"
	      "Looks at everything serve needs and prints one report: configuration, rules, tables, model, store, "
	      "keys,\n"
	      "certificates, clock, country database, destinations, where sample requests would go; connects to the "
	      "engines, and to nothing else.\n"
	      "Exit codes: 0 in order (warnings allowed), 1 a problem, 2 wrong usage, 3 the configuration cannot be "
	      "read.\n",
	      out);
	return code;
}

int cmd_check(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct report r = {0};
	const char *file = NULL;
	for (int o; (o = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		if (o == 'c')
			file = optarg;
		else if (o == 'j')
			r.json = true;
		else
			return usage(o == 'h' ? stdout : stderr, o == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	if (file == NULL || optind != argc)
		return usage(stderr, EXIT_USAGE);
	enum err err = check_all(&r, file);
	unsigned problems = r.problems;
	enum err ended = report_end(&r);
	if (err != ERR_OK || ended != ERR_OK)
		return EXIT_UNREADABLE;
	return problems == 0 ? EXIT_FINE : EXIT_PROBLEM;
}
