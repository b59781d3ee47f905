#include "tests/unit/cluster/test_certificates.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/assert.hpp"

namespace sluice::cluster {
namespace {

std::shared_ptr<EVP_PKEY> make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void add_extension(X509* certificate, int id, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
  SLUICE_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> make_certificate(std::string_view name, EVP_PKEY* key) {
  static int serial = 0;
  std::shared_ptr<X509> one(X509_new(), X509_free);
  X509_set_version(one.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(one.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(one.get()), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1, 0);
  X509_set_pubkey(one.get(), key);
  return one;
}

template <class Write>
std::string pem(Write&& write) {
  const std::shared_ptr<BIO> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  SLUICE_ASSERT(write(bio.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

TestAuthority::TestAuthority(const base::TestFolder& folder, std::string_view name) : folder_(folder) {
  const auto key = make_key();
  const auto certificate = make_certificate(name, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  SLUICE_ASSERT(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);
  folder.write(std::string(name) + ".crt", pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }));
  key_ = key;
  certificate_ = certificate;
}

void TestAuthority::issue(std::string_view name, const std::string& names) const {
  const auto key = make_key();
  const auto certificate = make_certificate(name, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(static_cast<X509*>(certificate_.get())));
  add_extension(certificate.get(), NID_subject_alt_name, names);
  SLUICE_ASSERT(X509_sign(certificate.get(), static_cast<EVP_PKEY*>(key_.get()), EVP_sha256()) != 0);
  const std::string file(name);
  folder_.write(file + ".crt", pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }));
  folder_.write(file + ".key", pem([&](BIO* bio) {
                  return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
                }));
}

}  // namespace sluice::cluster
