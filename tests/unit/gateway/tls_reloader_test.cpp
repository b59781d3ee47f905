#include "gateway/tls_reloader.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

#include "tests/unit/gateway/tls_test_files.hpp"

namespace sluice::gateway {
namespace {

namespace files = std::filesystem;
using namespace std::chrono_literals;

// What the reloader's thread says of its attempts, for the test's thread.
class Attempts {
 public:
  void add(const base::Status& attempt) {
    const std::lock_guard lock(mutex_);
    details_.push_back(attempt ? "" : attempt.error().detail);
    changed_.notify_all();
  }
  // The next attempt's fault, or nothing if it was good.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 20s, [this] { return !details_.empty(); })) return "no attempt";
    std::string detail = details_.front();
    details_.pop_front();
    return detail;
  }
  bool is_empty() {
    const std::lock_guard lock(mutex_);
    return details_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> details_;
};

class TlsReloaderTest : public testing::Test {
 protected:
  std::unique_ptr<TlsReloader> start(const TlsFiles& one, std::chrono::milliseconds look_every = 1h) {
    auto started = TlsReloader::start(
        {.files = {one}, .settle = 30ms, .look_every = look_every, .on_attempt = [this](const base::Status& attempt) {
           attempts_.add(attempt);
         }});
    EXPECT_TRUE(started) << started.error().detail;
    return std::move(*started);
  }
  static std::string name_in(const TlsReloader& reloader) {
    return reloader.certificates().get()->pairs().front().names.front();
  }

  TestFolder folder_;
  Attempts attempts_;
};

TEST_F(TlsReloaderTest, WhatCannotBeLoadedAtFirstIsRefused) {
  const auto started = TlsReloader::start({.files = {{folder_.path("none.crt"), folder_.path("none.key")}}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().detail,
            "--tls-cert: " + folder_.path("none.crt") + ": cannot be read: No such file or directory");
}

TEST_F(TlsReloaderTest, ReplacedFilesAreLoaded) {
  const auto reloader = start(write_pair(folder_, "a", {.names = {"old.example"}}));
  base::Snapshot<TlsCertificates>::Reader reader(reloader->certificates());
  EXPECT_EQ(reader.get()->pairs()[0].names[0], "old.example");
  const auto old = reader.get();
  write_pair(folder_, "a", {.names = {"new.example"}});
  while (!attempts_.next().empty()) continue;
  EXPECT_EQ(reader.get()->pairs()[0].names[0], "new.example");
  EXPECT_EQ(old->pairs()[0].names[0], "old.example");
}

TEST_F(TlsReloaderTest, ASwappedSecretIsLoaded) {
  for (const std::string version : {"..1", "..2"}) {
    files::create_directory(folder_.path(version));
    write_pair(folder_, version + "/tls", {.names = {version + ".example"}});
  }
  files::create_directory_symlink("..1", folder_.path("..data"));
  files::create_symlink("..data/tls.crt", folder_.path("tls.crt"));
  files::create_symlink("..data/tls.key", folder_.path("tls.key"));
  const auto reloader = start({folder_.path("tls.crt"), folder_.path("tls.key")});
  files::create_directory_symlink("..2", folder_.path("..data_tmp"));
  files::rename(folder_.path("..data_tmp"), folder_.path("..data"));
  files::remove_all(folder_.path("..1"));
  EXPECT_EQ(attempts_.next(), "");
  EXPECT_EQ(name_in(*reloader), "..2.example");
}

TEST_F(TlsReloaderTest, BadFilesAreRefusedAndTheOldStayUntilGoodOnesCome) {
  const TlsFiles a = write_pair(folder_, "a", {.names = {"old.example"}});
  const auto reloader = start(a);
  const TestPair next = make_pair_of({.names = {"new.example"}});
  folder_.write("a.crt", next.certificate);
  EXPECT_EQ(attempts_.next(), "--tls-key: " + a.key + ": is not the key of " + a.certificate);
  EXPECT_EQ(name_in(*reloader), "old.example");
  folder_.write("a.key", next.key);
  EXPECT_EQ(attempts_.next(), "");
  EXPECT_EQ(name_in(*reloader), "new.example");
}

TEST_F(TlsReloaderTest, AskedItLoadsUnchangedFilesToo) {
  const auto reloader = start(write_pair(folder_, "a"));
  const auto before = reloader->certificates().get();
  reloader->reload();
  EXPECT_EQ(attempts_.next(), "");
  EXPECT_NE(reloader->certificates().get(), before);
}

TEST_F(TlsReloaderTest, WhatHappensBesideTheFilesLoadsNothing) {
  const auto reloader = start(write_pair(folder_, "a"));
  folder_.write("beside", "something");
  reloader->reload();
  EXPECT_EQ(attempts_.next(), "");
  folder_.write("beside", "something else");
  reloader->reload();
  EXPECT_EQ(attempts_.next(), "");
  EXPECT_TRUE(attempts_.is_empty());
}

TEST_F(TlsReloaderTest, AStapleThatComesLaterIsLoaded) {
  const TlsFiles a = write_pair(folder_, "a");
  const auto reloader = start(a);
  EXPECT_TRUE(reloader->certificates().get()->pairs()[0].staple.empty());
  folder_.write("a.crt.ocsp", make_pair_of({}).staple);
  EXPECT_EQ(attempts_.next(), "");
  EXPECT_FALSE(reloader->certificates().get()->pairs()[0].staple.empty());
}

TEST_F(TlsReloaderTest, AnEndComesAtOnceWhateverIsAsked) {
  const auto reloader = start(write_pair(folder_, "a"));
  for (int times = 0; times < 1000; ++times) reloader->reload();
}

}  // namespace
}  // namespace sluice::gateway
