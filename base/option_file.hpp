#pragma once
// Reads the TOML file of options as flat keys with texts; what the keys mean is OptionSet's business.

#include <string>
#include <vector>

#include "base/result.hpp"

namespace sluice::base {

struct FileKey {
  std::string name;
  std::size_t line;                 // from 1
  bool is_list;                     // written as an array
  std::vector<std::string> values;  // as a flag would have them
  std::string problem;              // why this cannot be an option's value; empty if it can
};

// Gives all keys in the order of the file. Fails if the file cannot be read, is over 1 MiB, or is not TOML (with the
// line).
Result<std::vector<FileKey>> read_option_file(const std::string& path);

}  // namespace sluice::base
