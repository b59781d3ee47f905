#include "program/supervisor.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/log.hpp"
#include "tests/unit/base/test_folder.hpp"

namespace sluice::program {
namespace {

using namespace std::chrono_literals;

// The other end: a datagram socket at `address`, where '@' begins an abstract one.
class FakeSupervisor {
 public:
  explicit FakeSupervisor(std::string address) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un at{.sun_family = AF_UNIX, .sun_path = {}};
    if (address[0] == '@') address[0] = '\0';
    std::ranges::copy(address, at.sun_path);
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    SLUICE_ASSERT(bind(socket_, reinterpret_cast<sockaddr*>(&at), bytes) == 0);
  }
  ~FakeSupervisor() { close(socket_); }
  FakeSupervisor(const FakeSupervisor&) = delete;
  FakeSupervisor& operator=(const FakeSupervisor&) = delete;

  // What was told since the last call, one datagram; empty if nothing was.
  std::string told() {
    std::array<char, 1024> bytes;
    const auto count = recv(socket_, bytes.data(), bytes.size(), 0);
    return {bytes.data(), count < 0 ? 0 : static_cast<std::size_t>(count)};
  }

 private:
  int socket_;
};

class SupervisorTest : public testing::Test {
 protected:
  const base::TestFolder folder_;
  const std::string path_ = folder_.path("notify");
  FakeSupervisor fake_{path_};
  static constexpr base::TimePoint start{10s};
};

TEST_F(SupervisorTest, ReadyIsOneDatagramWithTheStatus) {
  Supervisor({{"NOTIFY_SOCKET", path_}}).ready("Ready: 2 workers");
  EXPECT_EQ(fake_.told(), "READY=1\nSTATUS=Ready: 2 workers");
}

TEST_F(SupervisorTest, AReloadTellsWhenItBegan) {
  Supervisor({{"NOTIFY_SOCKET", path_}}).reloading(start);
  EXPECT_EQ(fake_.told(), "RELOADING=1\nMONOTONIC_USEC=10000000\nSTATUS=Reloading");
}

TEST_F(SupervisorTest, AnEndAsksForTheTimeThatItTakes) {
  Supervisor({{"NOTIFY_SOCKET", path_}}).stopping("Draining", 90s);
  EXPECT_EQ(fake_.told(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000\nSTATUS=Draining");
}

TEST_F(SupervisorTest, AnAbstractSocketIsNamedByAnAt) {
  const std::string name = "@sluice-test-" + std::to_string(getpid());
  FakeSupervisor abstract(name);
  Supervisor({{"NOTIFY_SOCKET", name}}).ready("");
  EXPECT_EQ(abstract.told(), "READY=1\nSTATUS=");
}

TEST_F(SupervisorTest, TheWatchdogIsToldTwiceInTheTimeThatItWaits) {
  Supervisor supervisor({{"NOTIFY_SOCKET", path_}, {"WATCHDOG_USEC", "4000000"}});
  EXPECT_EQ(supervisor.alive_every(), 2s);
  supervisor.alive(start);
  EXPECT_EQ(fake_.told(), "WATCHDOG=1");
  supervisor.alive(start + 1999ms);
  EXPECT_EQ(fake_.told(), "");
  supervisor.alive(start + 2s);
  EXPECT_EQ(fake_.told(), "WATCHDOG=1");
}

TEST_F(SupervisorTest, AWatchdogOfAnotherProcessIsNotOurs) {
  Supervisor supervisor({{"NOTIFY_SOCKET", path_}, {"WATCHDOG_USEC", "4000000"}, {"WATCHDOG_PID", "1"}});
  EXPECT_EQ(supervisor.alive_every(), base::Duration::max());
  supervisor.alive(start);
  EXPECT_EQ(fake_.told(), "");
}

TEST_F(SupervisorTest, WithoutASupervisorNothingIsTold) {
  Supervisor supervisor({});
  supervisor.ready("Ready");
  supervisor.alive(start);
  EXPECT_EQ(supervisor.alive_every(), base::Duration::max());
  EXPECT_EQ(fake_.told(), "");
}

TEST_F(SupervisorTest, ASocketThatIsNotThereOrNotOneIsAWarning) {
  base::set_log_level(base::LogLevel::info);
  for (const std::string& address : {folder_.path("none"), std::string("vsock:2:1"), "/" + std::string(200, 'x')}) {
    testing::internal::CaptureStderr();
    Supervisor({{"NOTIFY_SOCKET", address}}).ready("Ready");
    EXPECT_NE(testing::internal::GetCapturedStderr().find("supervisor_untold"), std::string::npos) << address;
  }
}

}  // namespace
}  // namespace sluice::program
