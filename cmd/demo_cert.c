#include "cmd/demo_cert.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static X509 *make(EVP_PKEY *key, const char *ip)
{
	char san[64];
	X509 *cert = X509_new();
	snprintf(san, sizeof san, "IP:%s", ip);
	bool ok = cert != NULL && X509_set_version(cert, 2) == 1 &&
		  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
		  X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
		  X509_gmtime_adj(X509_getm_notAfter(cert), 2 * 86400) != NULL && X509_set_pubkey(cert, key) == 1;
	X509_NAME *name = ok ? X509_get_subject_name(cert) : NULL;
	ok = name != NULL &&
	     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"bailiwick demo", -1, -1, 0) ==
		     1 &&
	     X509_set_issuer_name(cert, name) == 1 && add_extension(cert, NID_subject_alt_name, san) &&
	     add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") && X509_sign(cert, key, EVP_sha256()) > 0;
	if (!ok) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

enum err demo_cert(const char *ip, const char *cert_file, const char *key_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key == NULL ? NULL : make(key, ip);
	FILE *c = cert == NULL ? NULL : fopen(cert_file, "w");
	FILE *k = c == NULL ? NULL : fopen(key_file, "w");
	bool ok = k != NULL && PEM_write_X509(c, cert) == 1 &&
		  PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (c != NULL && fclose(c) != 0)
		ok = false;
	if (k != NULL && fclose(k) != 0)
		ok = false;
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok ? ERR_OK : cert == NULL ? ERR_INTERNAL : ERR_IO;
}
