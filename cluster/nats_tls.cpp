#include "cluster/nats_tls.hpp"

#include <boost/asio/ssl/context.hpp>

namespace sluice::cluster {
namespace {

namespace ssl = boost::asio::ssl;

base::Error misfit(const std::string& what, const std::string& file, const boost::system::error_code& error) {
  return base::fail(base::Errc::bad_request, file + ": is no " + what + " that can be used: " + error.message());
}

}  // namespace

base::Result<std::shared_ptr<ssl::context>> make_tls_context(const NatsTls& tls) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer);
  // A passphrase is never asked for.
  SSL_CTX_set_default_passwd_cb(context->native_handle(), [](char*, int, int, void*) { return 0; });
  boost::system::error_code error;
  if (tls.ca_file.empty()) {
    context->set_default_verify_paths(error);
    if (error) return misfit("list of those whom the system trusts", "OpenSSL", error);
  } else {
    context->load_verify_file(tls.ca_file, error);
    if (error) return misfit("CA certificate", tls.ca_file, error);
  }
  if (tls.certificate_file.empty()) return context;
  context->use_certificate_chain_file(tls.certificate_file, error);
  if (error) return misfit("certificate", tls.certificate_file, error);
  // OpenSSL compares the key with the certificate as it takes it.
  context->use_private_key_file(tls.key_file, ssl::context::pem, error);
  if (error) return misfit("key", tls.key_file, error);
  return context;
}

}  // namespace sluice::cluster
