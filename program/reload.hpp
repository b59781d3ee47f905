#pragma once
// What SIGHUP, or a change of the file, does to a running gateway: reads all options again and applies those that are
// marked live, or, if anything is wrong with them, nothing.

#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"
#include "program/all_options.hpp"

namespace sluice::program {

// An option whose value in `fresh` is not that of `running`; both sets declare the same options.
struct Change {
  const base::Option* running;
  std::vector<std::string> values, shown;  // the latter as people may see them
};
std::vector<Change> changes(const base::OptionSet& running, const base::OptionSet& fresh);

// Reads `flags`, `environment` and the file that they name, and changes `running`, which fills `options`, accordingly.
// What was done or refused is logged; false: refused.
bool reload(base::OptionSet& running, const AllOptions& options, const std::vector<std::string>& flags,
            const base::Environment& environment);

}  // namespace sluice::program
