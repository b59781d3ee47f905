#include "cluster/nats_settings.hpp"

#include "cluster/nats_credentials.hpp"
#include "cluster/nats_tls.hpp"
#include "cluster/nats_url.hpp"

namespace sluice::cluster {

base::Status check(const NatsSettings& settings) {
  using base::Errc;
  using base::fail;
  if (settings.urls.empty()) return fail(Errc::bad_request, "no NATS server is named");
  for (const std::string& url : settings.urls) {
    if (const auto parsed = NatsUrl::parse(url); !parsed) return parsed.error();
  }
  const int kinds = !settings.user.empty() + !settings.token.empty() + !settings.credentials_file.empty();
  if (kinds > 1) {
    return fail(Errc::bad_request,
                "a user, a token and a credentials file were given for NATS; one of them was expected");
  }
  if (settings.user.empty() != settings.password.empty()) {
    return fail(Errc::bad_request, "a user and a password for NATS go together");
  }
  if (settings.tls.certificate_file.empty() != settings.tls.key_file.empty()) {
    return fail(Errc::bad_request, "a certificate and a key for NATS go together");
  }
  if (!settings.credentials_file.empty()) {
    if (const auto read = NatsCredentials::read(settings.credentials_file); !read) return read.error();
  }
  const auto context = make_tls_context(settings.tls);
  return context ? base::ok() : base::Status(context.error());
}

}  // namespace sluice::cluster
