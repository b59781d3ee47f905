#pragma once
// What is made from the table of options: help, documents, a sample file.

#include <string>
#include <vector>

#include "base/option.hpp"

namespace sluice::base {

// Groups by section, wrapped at 100 columns.
std::string option_help(const std::vector<Option>& options);
// Gives one table for each section; docs/options.md is its output.
std::string option_markdown(const std::vector<Option>& options);
// Gives a JSON array, one object for each option, with its present value beside the default.
std::string option_json(const std::vector<Option>& options);
// Gives the part of a manual page about options: a subsection for each section.
std::string option_man(const std::vector<Option>& options);
// Gives a file that --config takes, in which every default stands as a comment.
std::string option_sample_file(const std::vector<Option>& options);

}  // namespace sluice::base
