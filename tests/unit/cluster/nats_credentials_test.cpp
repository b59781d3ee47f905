// Who may connect: passwords, tokens, keys, tokens of an operator; TLS both ways.

#include "cluster/nats_credentials.hpp"

#include "cluster/nkey.hpp"
#include "tests/unit/cluster/nats_test_client.hpp"
#include "tests/unit/cluster/test_certificates.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;

class NatsCredentialsTest : public NatsTest {
 protected:
  const base::TestFolder folder_;
};

constexpr std::string_view refused = ": the server refuses the connection: Authorization Violation";

TEST_F(NatsCredentialsTest, APasswordIsTakenAndAWrongOneRefused) {
  NatsTestServer server(R"(authorization: { user: "u", password: "p\"1" })");
  NatsSettings settings = settings_of({server.url()});
  settings.user = "u";
  settings.password = "p\"1";
  connect(settings);
  settings.password = "wrong";
  const base::Error error = failure_of(settings);
  EXPECT_EQ(error.code, Errc::unauthenticated);
  EXPECT_TRUE(error.detail.ends_with(refused)) << error.detail;
  EXPECT_EQ(failure_of(settings_of({server.url()})).code, Errc::unauthenticated);
}

TEST_F(NatsCredentialsTest, ATokenIsTakenAndAWrongOneRefused) {
  NatsTestServer server("authorization: { token: secret }");
  NatsSettings settings = settings_of({server.url()});
  settings.token = "secret";
  connect(settings);
  settings.token = "wrong";
  const base::Error error = failure_of(settings);
  EXPECT_EQ(error.code, Errc::unauthenticated);
  EXPECT_TRUE(error.detail.ends_with(refused)) << error.detail;
}

TEST_F(NatsCredentialsTest, AKeyIsTakenAndAnotherOneRefused) {
  const Nkey key = Nkey::from_bytes(std::string(32, 'k'), Nkey::Kind::user);
  const Nkey stranger = Nkey::from_bytes(std::string(32, 's'), Nkey::Kind::user);
  NatsTestServer server("authorization: { users: [ { nkey: " + key.public_text() + " } ] }");
  NatsSettings settings = settings_of({server.url()});
  folder_.write("seed", key.seed_text());
  settings.credentials_file = folder_.path("seed");
  connect(settings);
  folder_.write("seed", stranger.seed_text());
  EXPECT_EQ(failure_of(settings).code, Errc::unauthenticated);
}

// What `nsc` writes: claims that one key has signed for another.
std::string make_jwt(const Nkey& issuer, const Nkey& subject, const std::string& claims) {
  const std::string head = to_base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})");
  const std::string body =
      to_base64url(R"({"jti":"X","iat":1600000000,"iss":")" + issuer.public_text() + R"(","name":"n","sub":")" +
                   subject.public_text() + R"(","nats":)" + claims + "}");
  return head + "." + body + "." + to_base64url(issuer.sign(head + "." + body));
}

TEST_F(NatsCredentialsTest, AUserOfAnOperatorIsTakenAndAnotherAccountsRefused) {
  const Nkey owner = Nkey::from_bytes(std::string(32, 'o'), Nkey::Kind::operator_);
  const Nkey account = Nkey::from_bytes(std::string(32, 'a'), Nkey::Kind::account);
  const Nkey user = Nkey::from_bytes(std::string(32, 'u'), Nkey::Kind::user);
  folder_.write("operator.jwt", make_jwt(owner, owner, R"({"type":"operator","version":2})"));
  const std::string limits = R"("limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,)"
                             R"("conn":-1,"leaf":-1})";
  NatsTestServer server("operator: \"" + folder_.path("operator.jwt") + "\"\nresolver: MEMORY\nresolver_preload: { " +
                        account.public_text() + ": " +
                        make_jwt(owner, account, "{" + limits + R"(,"type":"account","version":2})") + " }");
  const auto credentials_by = [&](const Nkey& issuer) {
    return "-----BEGIN NATS USER JWT-----\n" +
           make_jwt(issuer, user, R"({"subs":-1,"data":-1,"payload":-1,"type":"user","version":2})") +
           "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + user.seed_text() +
           "\n------END USER NKEY SEED------\n";
  };
  NatsSettings settings = settings_of({server.url()});
  folder_.write("user.creds", credentials_by(account));
  settings.credentials_file = folder_.path("user.creds");
  connect(settings);
  folder_.write("user.creds", credentials_by(Nkey::from_bytes(std::string(32, 'x'), Nkey::Kind::account)));
  EXPECT_EQ(failure_of(settings).code, Errc::unauthenticated);
}

TEST_F(NatsCredentialsTest, AMistakeInASettingIsTold) {
  const auto mistake = [this](auto&& change) {
    NatsSettings settings = settings_of({"nats://127.0.0.1:1"});
    change(settings);
    NatsTestClient listener;
    const auto made = NatsClient::make(loop_, settings, listener);
    return made ? std::string() : made.error().detail;
  };
  folder_.write("bad", "nothing of use");
  EXPECT_EQ(mistake([](NatsSettings& one) { one.urls.clear(); }), "no NATS server is named");
  EXPECT_TRUE(mistake([](NatsSettings& one) { one.urls.emplace_back("http://x"); }).starts_with("a NATS server's URL"));
  EXPECT_EQ(mistake([](NatsSettings& one) { one.user = one.password = one.token = "x"; }),
            "a user, a token and a credentials file were given for NATS; one of them was expected");
  EXPECT_EQ(mistake([](NatsSettings& one) { one.user = "x"; }), "a user and a password for NATS go together");
  EXPECT_EQ(mistake([](NatsSettings& one) { one.tls.key_file = "x"; }), "a certificate and a key for NATS go together");
  EXPECT_EQ(mistake([&](NatsSettings& one) { one.credentials_file = folder_.path("bad"); }),
            folder_.path("bad") + ": an NKEY seed is 58 letters of base32, and that is none");
  EXPECT_TRUE(mistake([&](NatsSettings& one) {
                one.tls.ca_file = folder_.path("bad");
              }).starts_with(folder_.path("bad") + ": is no CA certificate that can be used: "));
  EXPECT_TRUE(mistake([&](NatsSettings& one) {
                one.tls.certificate_file = one.tls.key_file = folder_.path("bad");
              }).starts_with(folder_.path("bad") + ": is no certificate that can be used: "));
}

class NatsTlsTest : public NatsCredentialsTest {
 protected:
  NatsTlsTest() {
    authority_.issue("server", "DNS:localhost,IP:127.0.0.1");
    authority_.issue("elsewhere", "DNS:elsewhere.example");
    authority_.issue("client", "DNS:client.example");
    stranger_.issue("strange", "DNS:client.example");
  }
  std::string tls(const std::string& certificate, const std::string& more = {}) const {
    return "tls: { cert_file: \"" + folder_.path(certificate + ".crt") + "\", key_file: \"" +
           folder_.path(certificate + ".key") + "\" " + more + " }";
  }
  std::string mutual_tls() const {
    return tls("server", ", verify: true, ca_file: \"" + folder_.path("ca.crt") + "\"");
  }
  NatsSettings trusting(const std::string& authority, std::vector<std::string> urls) const {
    NatsSettings settings = settings_of(std::move(urls));
    settings.tls.ca_file = folder_.path(authority + ".crt");
    return settings;
  }

  const TestAuthority authority_{folder_, "ca"}, stranger_{folder_, "stranger"};
};

TEST_F(NatsTlsTest, AnAddressAndANameOfTheCertificateAreTaken) {
  NatsTestServer server(tls("server"));
  NatsTestClient& one = connect(trusting("ca", {server.url()}));
  NatsTestClient& other = connect(trusting("ca", {"tls://localhost:" + std::to_string(server.port())}));
  std::string heard;
  const auto subscription = other->subscribe("a", [&](const NatsMessage& message) { heard = message.payload; });
  ASSERT_TRUE(flush(other));
  const std::string payload(500'000, 'x');
  EXPECT_TRUE(one->publish({.subject = "a", .payload = payload}));
  ASSERT_TRUE(until([&] { return heard == payload; }));
}

TEST_F(NatsTlsTest, AServerOfAnUnknownAuthorityIsRefused) {
  NatsTestServer server(tls("server"));
  const std::string what = ": the server's certificate is not accepted: unable to get local issuer certificate";
  for (const NatsSettings& settings : {trusting("stranger", {server.url()}), settings_of({server.url()})}) {
    const base::Error error = failure_of(settings);
    EXPECT_EQ(error.code, Errc::unauthenticated);
    EXPECT_TRUE(error.detail.ends_with(what)) << error.detail;
  }
}

TEST_F(NatsTlsTest, AServerWithAnothersCertificateIsRefused) {
  NatsTestServer server(tls("elsewhere"));
  const base::Error by_address = failure_of(trusting("ca", {server.url()}));
  EXPECT_EQ(by_address.code, Errc::unauthenticated);
  EXPECT_TRUE(by_address.detail.ends_with("not accepted: IP address mismatch")) << by_address.detail;
  const base::Error by_name = failure_of(trusting("ca", {"tls://localhost:" + std::to_string(server.port())}));
  EXPECT_TRUE(by_name.detail.ends_with("not accepted: hostname mismatch")) << by_name.detail;
}

TEST_F(NatsTlsTest, AServerWithoutTlsIsRefusedWhereTlsIsRequired) {
  NatsTestServer server;
  const std::string what = ": the server offers no TLS, which is required here";
  EXPECT_TRUE(failure_of(trusting("ca", {server.url()})).detail.ends_with(what));
  EXPECT_TRUE(failure_of(settings_of({"tls://127.0.0.1:" + std::to_string(server.port())})).detail.ends_with(what));
}

TEST_F(NatsTlsTest, AServerMayAskForOurCertificate) {
  NatsTestServer server(mutual_tls());
  NatsSettings settings = trusting("ca", {server.url()});
  settings.tls.certificate_file = folder_.path("client.crt");
  settings.tls.key_file = folder_.path("client.key");
  EXPECT_TRUE(flush(connect(settings)));
}

TEST_F(NatsTlsTest, AServerRefusesNoCertificateAndAStrangersOne) {
  NatsTestServer server(mutual_tls());
  NatsSettings settings = trusting("ca", {server.url()});
  const base::Error without = failure_of(settings);
  EXPECT_EQ(without.code, Errc::unauthenticated) << without.detail;
  settings.tls.certificate_file = folder_.path("strange.crt");
  settings.tls.key_file = folder_.path("strange.key");
  const base::Error strange = failure_of(settings);
  EXPECT_EQ(strange.code, Errc::unauthenticated) << strange.detail;
}

TEST_F(NatsTlsTest, AKeyThatIsAnothersIsTold) {
  NatsSettings settings = trusting("ca", {"nats://127.0.0.1:1"});
  settings.tls.certificate_file = folder_.path("client.crt");
  settings.tls.key_file = folder_.path("server.key");
  NatsTestClient listener;
  const auto made = NatsClient::make(loop_, settings, listener);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().detail.starts_with(folder_.path("server.key") + ": is no key that can be used: "));
}

}  // namespace
}  // namespace sluice::cluster
