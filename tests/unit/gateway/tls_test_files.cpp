#include "tests/unit/gateway/tls_test_files.hpp"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/assert.hpp"
#include "gateway/tls_handles.hpp"

namespace sluice::gateway {
namespace {

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

template <class Write>
std::string pem(Write&& write) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  SLUICE_ASSERT(write(bio.get()) == 1);
  return text_of(bio.get());
}

void add_names(X509* certificate, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "DNS:" : ",DNS:").append(name);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, list.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Handle make_certificate(const TestCertificate& wanted, EVP_PKEY* key) {
  static int serial = 0;
  X509Handle one(X509_new());
  X509_set_version(one.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(one.get()), std::chrono::seconds(wanted.from).count());
  X509_gmtime_adj(X509_getm_notAfter(one.get()), std::chrono::seconds(wanted.until).count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wanted.names.front().c_str()), -1, -1, 0);
  X509_set_issuer_name(one.get(), X509_get_subject_name(one.get()));
  X509_set_pubkey(one.get(), key);
  if (wanted.has_alternative_names) add_names(one.get(), wanted.names);
  SLUICE_ASSERT(X509_sign(one.get(), key, EVP_sha256()) != 0);
  return one;
}

std::string make_staple(X509* certificate, EVP_PKEY* key, std::chrono::hours until) {
  OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
  OCSP_CERTID* const id = OCSP_cert_to_id(nullptr, certificate, certificate);
  ASN1_TIME* const now = X509_gmtime_adj(nullptr, -7200);
  ASN1_TIME* const end = X509_gmtime_adj(nullptr, std::chrono::seconds(until).count());
  OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, now, end);
  SLUICE_ASSERT(OCSP_basic_sign(basic, certificate, key, EVP_sha256(), nullptr, 0) == 1);
  OCSP_RESPONSE* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(now);
  ASN1_TIME_free(end);
  return der;
}

}  // namespace

TestPair make_pair_of(const TestCertificate& wanted) {
  const KeyHandle key(wanted.is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  const X509Handle certificate = make_certificate(wanted, key.get());
  TestPair pair;
  pair.certificate = pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  pair.key = pem(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  pair.encrypted_key = pem([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_128_cbc(), "word", 4, nullptr, nullptr);
  });
  pair.staple = make_staple(certificate.get(), key.get(), std::chrono::hours(1));
  pair.stale_staple = make_staple(certificate.get(), key.get(), std::chrono::hours(-1));
  return pair;
}

TlsFiles write_pair(const TestFolder& folder, std::string_view name, const TestCertificate& wanted) {
  const TestPair pair = make_pair_of(wanted);
  const std::string base(name);
  folder.write(base + ".crt", pair.certificate);
  folder.write(base + ".key", pair.key);
  return {folder.path(base + ".crt"), folder.path(base + ".key")};
}

}  // namespace sluice::gateway
