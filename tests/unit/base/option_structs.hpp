#pragma once
// Options of every kind, and a file to read them from, for the tests of this folder.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"

namespace sluice::base {

enum class Speed : std::uint8_t { slow, fast };
inline constexpr std::array<std::string_view, 2> speed_names{"slow", "fast"};

struct FirstOptions {
  static constexpr std::string_view section = "First";
  std::size_t workers = 2;
  bool share_port = false;
  std::size_t bytes_max = 1 << 20;
  std::chrono::milliseconds pause_seconds{1500};
  Speed speed = Speed::slow;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("workers", workers, {.unit = "threads", .max = 256, .sentence = "How many threads."});
    visitor.option("share-port", share_port, {.sentence = "Others may have the port too."});
    visitor.option("bytes-max", bytes_max, {.unit = "bytes", .min = 1024, .live = true, .sentence = "A bound."});
    visitor.option("pause-seconds", pause_seconds, {.unit = "seconds", .max = 60, .sentence = "A pause."});
    visitor.choice("speed", speed, speed_names, {.sentence = "How fast."});
  }
  std::vector<std::string> validate() const {
    if (workers == 13) return {"--workers: 13 brings bad luck"};
    return {};
  }
};

struct SecondOptions {
  static constexpr std::string_view section = "Second";
  std::vector<Address> listen{Address::parse("[::]:8080").value()};
  std::vector<std::string> names;
  std::string title = "a \"b\"";

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("listen", listen, {.sentence = "Where to listen."});
    visitor.option("name", names, {.sentence = "A name."});
    visitor.option("title", title, {.sentence = "A title."});
  }
};

// A file that is gone when the test ends.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view text)
      : path_(testing::TempDir() + "sluice-" + std::to_string(::getpid()) + "-" +
              testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml") {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~ScratchFile() { std::remove(path_.c_str()); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sluice::base
