#pragma once
// A folder for a test's files that goes away with the test.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "base/assert.hpp"

namespace sluice::base {

class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  // Replaces the file by renaming, as careful writers do.
  void write(std::string_view name, std::string_view content) const;

 private:
  std::string folder_;
};

inline TestFolder::TestFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
  SLUICE_ASSERT(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
}

inline TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

inline void TestFolder::write(std::string_view name, std::string_view content) const {
  const std::string draft = path(name) + ".draft";
  std::ofstream(draft, std::ios::binary) << content;
  std::filesystem::rename(draft, path(name));
}

}  // namespace sluice::base
