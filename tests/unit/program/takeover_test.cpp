// Both sides of a takeover, in two threads as they are in two processes.
#include "program/takeover.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

namespace sluice::program {
namespace {

using namespace std::chrono_literals;

base::Descriptor listener() {
  base::Descriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const base::Address any = base::Address::parse("127.0.0.1:0").value();
  EXPECT_EQ(bind(made.number(), any.socket_address(), any.socket_address_bytes()), 0);
  EXPECT_EQ(listen(made.number(), 1), 0);
  return made;
}
base::Address address_of(const base::Descriptor& socket) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  EXPECT_EQ(getsockname(socket.number(), reinterpret_cast<sockaddr*>(&storage), &bytes), 0);
  return base::Address::from(storage);
}

class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest() {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/takeover";
  }
  ~TakeoverTest() override {
    port_.reset();
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }
  void open_port() {
    port_ = std::move(*TakeoverPort::make(path_));
    EXPECT_TRUE(port_->open());
  }
  // Offers the listener as often as that, until another has taken over or the test is over.
  bool serve(std::size_t count) {
    for (bool is_last = false; !is_last;) {
      is_last = is_over_;
      std::vector<pollfd> all;
      for (const int number : port_->descriptors()) all.push_back({number, POLLIN, 0});
      poll(all.data(), all.size(), 5);
      if (port_->look([&] { return offers(count); })) return true;
    }
    return false;
  }
  base::Result<std::vector<TakeoverPort::Offer>> offers(std::size_t count) {
    if (count == 0) return base::fail(base::Errc::timed_out, "a worker does not answer");
    std::vector<TakeoverPort::Offer> made;
    for (std::size_t at = 0; at < count; ++at) {
      made.push_back({"clients", base::Descriptor(fcntl(listener_.number(), F_DUPFD_CLOEXEC, 0))});
    }
    return made;
  }

  std::string folder_ = testing::TempDir() + "sluice_takeover_XXXXXX", path_;
  base::Descriptor listener_ = listener();
  std::unique_ptr<TakeoverPort> port_;
  std::atomic<bool> is_over_ = false;
};

TEST_F(TakeoverTest, WhereNobodyListensThereIsNothingToTakeOver) {
  base::HandedSockets sockets;
  auto nobody = Takeover::begin(path_, sockets);
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(nobody->has_value());
}

TEST_F(TakeoverTest, SocketsAreHandedOverAndTheOldOneIsToldWhenTheyAreInUse) {
  open_port();
  auto old = std::async(std::launch::async, [&] {
    const bool is_taken = serve(600);  // more than one message carries, and than a queue holds
    port_->leave();
    return is_taken;
  });
  base::HandedSockets sockets;
  auto takeover = Takeover::begin(path_, sockets);
  ASSERT_TRUE(takeover) << takeover.error().detail;
  ASSERT_TRUE(takeover->has_value());
  EXPECT_EQ(sockets.take("clients", address_of(listener_)).size(), 600u);
  EXPECT_TRUE((*takeover)->finish());
  EXPECT_TRUE(old.get());
  struct stat found {};
  port_.reset();
  EXPECT_EQ(stat(path_.c_str(), &found), 0) << "the path is the new one's";
}

TEST_F(TakeoverTest, WhoGivesUpLeavesTheOldOneAsItWas) {
  open_port();
  auto old = std::async(std::launch::async, [&] { return serve(1); });
  {
    base::HandedSockets sockets;
    EXPECT_TRUE(Takeover::begin(path_, sockets)->has_value());
  }
  is_over_ = true;
  EXPECT_FALSE(old.get());
  EXPECT_EQ(port_->descriptors().size(), 1u);
  is_over_ = false;
  auto again = std::async(std::launch::async, [&] {
    const bool is_taken = serve(1);
    port_->leave();
    return is_taken;
  });
  base::HandedSockets sockets;
  auto takeover = Takeover::begin(path_, sockets);
  ASSERT_TRUE(takeover && takeover->has_value());
  EXPECT_TRUE((*takeover)->finish());
  EXPECT_TRUE(again.get());
}

TEST_F(TakeoverTest, OneAtATime) {
  open_port();
  auto old = std::async(std::launch::async, [&] { return serve(1); });
  base::HandedSockets sockets, others;
  const auto first = Takeover::begin(path_, sockets);
  ASSERT_TRUE(first && first->has_value());
  const auto second = Takeover::begin(path_, others);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("refused another process is taking over"), std::string::npos)
      << second.error().detail;
  is_over_ = true;
  EXPECT_FALSE(old.get());
}

TEST_F(TakeoverTest, AnOldOneThatCannotSaysWhy) {
  open_port();
  auto old = std::async(std::launch::async, [&] { return serve(0); });
  base::HandedSockets sockets;
  const auto takeover = Takeover::begin(path_, sockets);
  ASSERT_FALSE(takeover);
  EXPECT_NE(takeover.error().detail.find("refused a worker does not answer"), std::string::npos);
  is_over_ = true;
  EXPECT_FALSE(old.get());
}

TEST_F(TakeoverTest, OnlyItsUserMayAskAndThePathGoesWithIt) {
  open_port();
  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  port_.reset();
  EXPECT_NE(stat(path_.c_str(), &found), 0);
}

TEST_F(TakeoverTest, AFileOfSomebodyElsesIsLeftAlone) {
  std::ofstream(path_) << "mine";
  const auto made = TakeoverPort::make(path_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().detail, "--takeover: " + path_ + ": is there, and is no socket");
}

}  // namespace
}  // namespace sluice::program
