#include "control/grpc_certificates.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

#include "base/about.hpp"
#include "base/log.hpp"
#include "base/read_file.hpp"

namespace sluice::control {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio bio_of(const std::string& text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free}; }

base::Error wrong(const std::string& what) {
  ERR_clear_error();
  return base::fail(base::Errc::bad_request, what);
}

// Reads all certificates of a file; gives the first.
base::Result<Certificate> read_chain(const std::string& path, const std::string& text) {
  ERR_clear_error();
  const Bio bio = bio_of(text);
  Certificate first(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
  if (!first) return wrong(path + ": holds no certificate in PEM form");
  while (const Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free}) continue;
  // The last attempt ends with "no more"; anything else is a certificate that is cut or spoilt.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return wrong(path + ": a certificate of its chain cannot be read");
  }
  ERR_clear_error();
  return first;
}

int give_no_passphrase(char*, int, int, void*) { return -1; }

base::Status check_key(const Options& options, X509* certificate, const std::string& text) {
  const Key key(PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, give_no_passphrase, nullptr), &EVP_PKEY_free);
  if (!key) return wrong(options.grpc_tls_key + ": holds no private key in PEM form without a passphrase");
  if (X509_check_private_key(certificate, key.get()) != 1) {
    return wrong(options.grpc_tls_key + ": is not the key of " + options.grpc_tls_cert);
  }
  return base::ok();
}

std::optional<std::time_t> end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return std::nullopt;
  return timegm(&parts);
}

}  // namespace

std::vector<std::string> GrpcCertificates::files(const Options& options) {
  if (options.grpc_tls_cert.empty()) return {};
  std::vector<std::string> all{options.grpc_tls_cert, options.grpc_tls_key};
  if (!options.grpc_client_ca.empty()) all.push_back(options.grpc_client_ca);
  return all;
}

base::Result<std::unique_ptr<GrpcCertificates>> GrpcCertificates::load(const Options& options) {
  std::unique_ptr<GrpcCertificates> certificates(new GrpcCertificates(options));
  if (const auto taken = certificates->take(); !taken) return taken.error();
  return certificates;
}

void GrpcCertificates::reload() {
  if (const auto taken = take(); !taken) {
    return base::log_warning("grpc_tls_reload_refused",
                             {{"why", taken.error().detail}, {"stays", "the certificates in use"}});
  }
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const auto left = static_cast<std::int64_t>(expires()) - static_cast<std::int64_t>(now);
  base::log_info("grpc_tls_reloaded", {{"certificate", options_.grpc_tls_cert}, {"days_left", left / 86'400}});
}

// Nothing is written before everything has been checked.
base::Status GrpcCertificates::take() {
  const auto chain = base::read_file(options_.grpc_tls_cert);
  if (!chain) return base::about("--grpc-tls-cert", chain.error());
  const auto key = base::read_file(options_.grpc_tls_key);
  if (!key) return base::about("--grpc-tls-key", key.error());
  const auto certificate = read_chain(options_.grpc_tls_cert, *chain);
  if (!certificate) return base::about("--grpc-tls-cert", certificate.error());
  if (const auto checked = check_key(options_, certificate->get(), *key); !checked) {
    return base::about("--grpc-tls-key", checked.error());
  }
  const auto end = end_of(certificate->get());
  if (!end) return wrong("--grpc-tls-cert: " + options_.grpc_tls_cert + ": its time of validity cannot be read");
  if (!options_.grpc_client_ca.empty()) {
    const auto clients = base::read_file(options_.grpc_client_ca);
    if (!clients) return base::about("--grpc-client-ca", clients.error());
    const auto issuer = read_chain(options_.grpc_client_ca, *clients);
    if (!issuer) return base::about("--grpc-client-ca", issuer.error());
    clients_.write(*clients);
  }
  certificate_.write(*chain);
  key_.write(*key);
  expires_.set(static_cast<std::uint64_t>(std::max<std::time_t>(*end, 0)));
  return base::ok();
}

}  // namespace sluice::control
