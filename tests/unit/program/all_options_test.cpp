#include "program/all_options.hpp"

#include <gtest/gtest.h>

#include "base/options.hpp"

namespace sluice::program {
namespace {

std::vector<std::string> problems(const std::vector<std::string>& flags) {
  AllOptions options;
  base::OptionSet set;
  options.declare(set);
  return set.load(flags, {});
}

TEST(AllOptions, DefaultsAreSound) { EXPECT_TRUE(problems({}).empty()); }

TEST(AllOptions, PortsMustDiffer) {
  EXPECT_EQ(problems({"--listen", "127.0.0.1:8081"}),
            (std::vector<std::string>{"--grpc: 127.0.0.1:8081 collides with --listen 127.0.0.1:8081"}));
  EXPECT_EQ(problems({"--listen", "[::]:8082"}),
            (std::vector<std::string>{"--admin: 127.0.0.1:8082 collides with --listen [::]:8082"}));
  EXPECT_EQ(problems({"--admin", "0.0.0.0:8081"}),
            (std::vector<std::string>{"--admin: 0.0.0.0:8081 collides with --grpc 127.0.0.1:8081"}));
  EXPECT_EQ(problems({"--admin", "127.0.0.1:8081"}).size(), 1u);
}

TEST(AllOptions, AllThatIsTakenOfTcpMustDiffer) {
  EXPECT_EQ(problems({"--listen-tcp", "127.0.0.1:8080"}),
            (std::vector<std::string>{"--listen-tcp: 127.0.0.1:8080 collides with --listen [::]:8080"}));
  EXPECT_EQ(problems({"--admin", "127.0.0.1:7000", "--listen-tcp", "[::]:7000", "--allow-anonymous"}).size(), 1u);
  EXPECT_TRUE(problems({"--listen-udp", "[::]:8080"}).empty());
}

TEST(AllOptions, WhoListensWithTlsNeedsACertificateAndTheOtherWayRound) {
  for (const std::string flag : {"--listen-tls", "--listen-tcp-tls"}) {
    EXPECT_EQ(problems({flag, "[::]:8443"}),
              std::vector<std::string>{flag + ": needs a certificate; give --tls-cert and --tls-key"});
    EXPECT_TRUE(problems({flag, "[::]:8443", "--tls-cert", "a.crt", "--tls-key", "a.key"}).empty());
  }
  EXPECT_EQ(problems({"--tls-cert", "a.crt", "--tls-key", "a.key"}).size(), 1u);
}

TEST(AllOptions, NoPortIsOpenToAnyoneByAccident) {
  for (const char* flag : {"--listen-tcp", "--listen-udp"}) {
    EXPECT_EQ(problems({"--listen", "127.0.0.1:0", "--client-messages", "relay", flag, "[::]:7000"}).size(), 1u)
        << flag;
  }
}

TEST(AllOptions, AnyFreePortCollidesWithNothing) {
  EXPECT_TRUE(problems({"--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"}).empty());
}

TEST(AllOptions, OneAddressHasRoomForAllThreePorts) {
  EXPECT_TRUE(problems({"--listen", "127.0.0.1:1", "--grpc", "127.0.0.1:2", "--admin", "127.0.0.1:3"}).empty());
}

}  // namespace
}  // namespace sluice::program
