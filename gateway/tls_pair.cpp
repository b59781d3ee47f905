#include "gateway/tls_pair.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>

#include "base/about.hpp"

namespace sluice::gateway {
namespace {

using base::about;
using base::Errc;
using base::fail;

constexpr std::size_t file_bytes_max = 1 << 20;

// Wipes its bytes: they may be a key.
struct Content {
  std::string bytes;
  explicit Content(std::string text) : bytes(std::move(text)) {}
  Content(Content&&) = default;
  ~Content() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  BioHandle bio() const { return BioHandle(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }
};

base::Error cannot_read(const std::string& path) {
  return fail(Errc::bad_request, path + ": cannot be read: " + std::generic_category().message(errno));
}

base::Result<Content> read_file(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return cannot_read(path);
  // Unbuffered, so that no copy of a key is left behind in a buffer.
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  Content content(std::string(file_bytes_max + 1, '\0'));
  const std::size_t size = std::fread(content.bytes.data(), 1, content.bytes.size(), file.get());
  if (std::ferror(file.get()) != 0) return cannot_read(path);
  if (size > file_bytes_max) return fail(Errc::bad_request, path + ": is larger than 1 MiB");
  content.bytes.resize(size);
  return content;
}

base::Status read_certificates(TlsPair& pair) {
  const std::string& path = pair.files.certificate;
  const auto content = read_file(path);
  if (!content) return content.error();
  const BioHandle bio = content->bio();
  pair.certificate.reset(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!pair.certificate) return fail(Errc::bad_request, path + ": holds no certificate in PEM form");
  while (X509* const issuer = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) pair.chain.emplace_back(issuer);
  // The last attempt ends with "no more"; anything else is a certificate that is cut or spoilt.
  const bool is_whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_whole) return fail(Errc::bad_request, path + ": a certificate of its chain cannot be read");
  return base::ok();
}

int refuse_passphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

base::Status read_key(TlsPair& pair) {
  const std::string& path = pair.files.key;
  const auto content = read_file(path);
  if (!content) return content.error();
  bool was_asked = false;
  pair.key.reset(PEM_read_bio_PrivateKey(content->bio().get(), nullptr, refuse_passphrase, &was_asked));
  ERR_clear_error();
  if (was_asked) return fail(Errc::bad_request, path + ": the key is encrypted; one without a passphrase is needed");
  if (!pair.key) return fail(Errc::bad_request, path + ": holds no private key in PEM form");
  const bool belongs = X509_check_private_key(pair.certificate.get(), pair.key.get()) == 1;
  ERR_clear_error();
  if (!belongs) return fail(Errc::bad_request, path + ": is not the key of " + pair.files.certificate);
  return base::ok();
}

std::string lower_case(const ASN1_STRING* text) {
  std::string lower(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                    static_cast<std::size_t>(ASN1_STRING_length(text)));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// The alternative names that are DNS names; for old certificates without any, the common name.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int at = 0; alternatives && at < sk_GENERAL_NAME_num(alternatives.get()); ++at) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), at);
    if (name->type == GEN_DNS) names.push_back(lower_case(name->d.dNSName));
  }
  if (alternatives) return names;
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (place >= 0) names.push_back(lower_case(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place))));
  return names;
}

std::optional<TlsPair::Time> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

using OcspResponse = std::unique_ptr<OCSP_RESPONSE, void (*)(OCSP_RESPONSE*)>;
using OcspBasic = std::unique_ptr<OCSP_BASICRESP, void (*)(OCSP_BASICRESP*)>;

// When the response stops being good; nothing if it is none, or not a good one.
std::optional<TlsPair::Time> staple_end(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const OcspResponse response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())), &OCSP_RESPONSE_free);
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return std::nullopt;
  const OcspBasic basic(OCSP_response_get1_basic(response.get()), &OCSP_BASICRESP_free);
  if (!basic || OCSP_resp_count(basic.get()) < 1) return std::nullopt;
  ASN1_GENERALIZEDTIME* until = nullptr;
  OCSP_single_get0_status(OCSP_resp_get0(basic.get(), 0), nullptr, nullptr, nullptr, &until);
  // Without an end newer information is always to be had (RFC 6960, 4.2.2.1), but nothing says that this is old.
  return until == nullptr ? TlsPair::Time::max() : time_of(until);
}

base::Status read_staple(TlsPair& pair) {
  const std::string path = staple_file(pair.files);
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) return base::ok();
  const auto content = read_file(path);
  if (!content) return content.error();
  const auto until = staple_end(content->bytes);
  ERR_clear_error();
  if (!until) return fail(Errc::bad_request, path + ": is no successful OCSP response in DER form");
  pair.staple = content->bytes;
  pair.staple_until = *until;
  return base::ok();
}

}  // namespace

base::Result<TlsPair> load_tls_pair(const TlsFiles& files) {
  ERR_clear_error();
  TlsPair pair;
  pair.files = files;
  if (const auto read = read_certificates(pair); !read) return about("--tls-cert", read.error());
  if (const auto read = read_key(pair); !read) return about("--tls-key", read.error());
  const auto from = time_of(X509_get0_notBefore(pair.certificate.get()));
  const auto until = time_of(X509_get0_notAfter(pair.certificate.get()));
  if (!from || !until) {
    return about("--tls-cert", fail(Errc::bad_request, files.certificate + ": its time of validity cannot be read"));
  }
  pair.valid_from = *from;
  pair.valid_until = *until;
  pair.names = names_of(pair.certificate.get());
  if (const auto read = read_staple(pair); !read) return about("--tls-cert", read.error());
  return pair;
}

}  // namespace sluice::gateway
