#include "overload/memory_reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/base/test_folder.hpp"

namespace sluice::overload {
namespace {

constexpr std::uint64_t mib = 1 << 20;

// A folder with the files of /proc and /sys that count.
class MemoryReaderTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(path)).parent_path());
    folder_.write(path, text + "\n");
  }
  // A cgroup of version 2; `limit` may be "max".
  void unified(const std::string& place, const std::string& limit, std::uint64_t used, std::uint64_t cached = 0) {
    const std::string folder = "sys/fs/cgroup" + place;
    write(folder + "/memory.max", limit);
    write(folder + "/memory.current", std::to_string(used));
    write(folder + "/memory.stat", "anon 1\ninactive_file " + std::to_string(cached));
  }
  MemoryReader reader(std::uint64_t memory_max = 0) { return MemoryReader(memory_max, folder_.path("")); }

  base::TestFolder folder_;
};

TEST_F(MemoryReaderTest, ALimitOfOurOwnCountsProcessAndSockets) {
  write("proc/self/statm", "9999 100 10 1 0 1 0");
  const auto reading = reader(64 * mib).read(5 * mib);
  EXPECT_EQ(reading.used, 100 * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + 5 * mib);
  EXPECT_EQ(reading.limit, 64 * mib);
}

TEST_F(MemoryReaderTest, TheCgroupCountsWithoutWhatTheKernelMayDrop) {
  write("proc/self/cgroup", "0::/");
  unified("", std::to_string(100 * mib), 90 * mib, 40 * mib);
  const auto reading = reader().read(5 * mib);
  EXPECT_EQ(reading.used, 50 * mib);
  EXPECT_DOUBLE_EQ(reading.pressure(), 0.5);
}

TEST_F(MemoryReaderTest, OfCgroupsInEachOtherTheTightestCounts) {
  write("proc/self/cgroup", "0::/pod/container");
  unified("/pod/container", std::to_string(100 * mib), 50 * mib);
  unified("/pod", std::to_string(200 * mib), 180 * mib);
  unified("", "max", 900 * mib);
  EXPECT_DOUBLE_EQ(reader().read(0).pressure(), 0.9);
}

TEST_F(MemoryReaderTest, APathOfTheMachineOutsideStandsForTheTopmost) {
  write("proc/self/cgroup", "0::/kubepods/pod7/container");
  unified("", std::to_string(100 * mib), 25 * mib);
  EXPECT_DOUBLE_EQ(reader().read(0).pressure(), 0.25);
}

TEST_F(MemoryReaderTest, VersionOneCountsSocketsApart) {
  write("proc/self/cgroup", "4:memory:/one\n0::/");
  write("sys/fs/cgroup/memory/one/memory.limit_in_bytes", std::to_string(100 * mib));
  write("sys/fs/cgroup/memory/one/memory.usage_in_bytes", std::to_string(60 * mib));
  write("sys/fs/cgroup/memory/one/memory.stat", "inactive_file 1\ntotal_inactive_file " + std::to_string(20 * mib));
  write("sys/fs/cgroup/memory/one/memory.kmem.tcp.usage_in_bytes", std::to_string(30 * mib));
  EXPECT_EQ(reader().read(0).used, 70 * mib);
}

TEST_F(MemoryReaderTest, WithoutAnyLimitThereIsNoPressure) {
  write("proc/self/statm", "9999 100 10 1 0 1 0");
  write("proc/self/cgroup", "4:memory:/one\n0::/");
  unified("", "max", 60 * mib);
  write("sys/fs/cgroup/memory/one/memory.limit_in_bytes", "9223372036854771712");
  write("sys/fs/cgroup/memory/one/memory.usage_in_bytes", "1000");
  const auto reading = reader().read(mib);
  EXPECT_EQ(reading.limit, 0u);
  EXPECT_EQ(reading.pressure(), 0);
  EXPECT_GT(reading.used, mib) << "what is used is told all the same";
}

TEST_F(MemoryReaderTest, NothingToReadIsNoPressure) { EXPECT_EQ(reader().read(0).pressure(), 0); }

}  // namespace
}  // namespace sluice::overload
