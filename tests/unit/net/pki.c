#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "rig.h"

struct issuer {
	X509 *cert;
	EVP_PKEY *key;
};

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	INVARIANT(e != NULL && X509_add_ext(cert, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static struct issuer issue(const char *name, const char *san, const struct issuer *by)
{
	static long serial = 1000;
	struct issuer i = {.cert = X509_new(), .key = EVP_EC_gen("P-256")};
	INVARIANT(i.cert != NULL && i.key != NULL && X509_set_version(i.cert, X509_VERSION_3) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(i.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(i.cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(i.cert), 86400);
	X509_NAME *n = X509_get_subject_name(i.cert);
	INVARIANT(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1);
	X509 *issuer = by == NULL ? i.cert : by->cert;
	X509_set_issuer_name(i.cert, X509_get_subject_name(issuer));
	X509_set_pubkey(i.cert, i.key);
	add_extension(i.cert, issuer, NID_basic_constraints, by == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (san != NULL)
		add_extension(i.cert, issuer, NID_subject_alt_name, san);
	INVARIANT(X509_sign(i.cert, by == NULL ? i.key : by->key, EVP_sha256()) > 0);
	return i;
}

static void issuer_free(struct issuer *i)
{
	X509_free(i->cert);
	EVP_PKEY_free(i->key);
}

static void save(const char *path, X509 *cert, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");
	INVARIANT(f != NULL);
	if (cert != NULL)
		INVARIANT(PEM_write_X509(f, cert) == 1);
	if (key != NULL)
		INVARIANT(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	INVARIANT(fclose(f) == 0);
}

static void take_pin(X509 *cert, uint8_t pin[32])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	INVARIANT(n > 0 && EVP_Digest(der, (size_t)n, pin, NULL, EVP_sha256(), NULL) == 1);
	OPENSSL_free(der);
}

void pki_make(struct pki *p)
{
	memset(p, 0, sizeof *p);
	snprintf(p->dir, sizeof p->dir, "/tmp/net-pki-XXXXXX");
	INVARIANT(mkdtemp(p->dir) != NULL);
	snprintf(p->ca, sizeof p->ca, "%s/ca.pem", p->dir);
	snprintf(p->cert, sizeof p->cert, "%s/cert.pem", p->dir);
	snprintf(p->key, sizeof p->key, "%s/key.pem", p->dir);
	snprintf(p->wrong_cert, sizeof p->wrong_cert, "%s/wrong.pem", p->dir);
	snprintf(p->wrong_key, sizeof p->wrong_key, "%s/wrong.key", p->dir);
	snprintf(p->other_ca, sizeof p->other_ca, "%s/other.pem", p->dir);
	struct issuer ca = issue("Test CA", NULL, NULL);
	struct issuer other = issue("Other CA", NULL, NULL);
	struct issuer leaf = issue("leaf", "DNS:localhost,IP:127.0.0.1", &ca);
	struct issuer wrong = issue("leaf", "DNS:elsewhere.test", &ca);
	save(p->ca, ca.cert, NULL);
	save(p->other_ca, other.cert, NULL);
	save(p->cert, leaf.cert, NULL);
	save(p->key, NULL, leaf.key);
	save(p->wrong_cert, wrong.cert, NULL);
	save(p->wrong_key, NULL, wrong.key);
	take_pin(leaf.cert, p->pin);
	take_pin(wrong.cert, p->wrong_pin);
	issuer_free(&ca);
	issuer_free(&other);
	issuer_free(&leaf);
	issuer_free(&wrong);
}

void pki_remove(struct pki *p)
{
	const char *files[] = {p->ca, p->cert, p->key, p->wrong_cert, p->wrong_key, p->other_ca};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		INVARIANT(unlink(files[i]) == 0);
	INVARIANT(rmdir(p->dir) == 0);
}
