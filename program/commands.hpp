#pragma once
// The front door of the program: finds the command that the first word names, and runs it.

#include <string>
#include <vector>

#include "base/options.hpp"

namespace sluice::program {

// Gives the exit code: 0 ended as asked, 1 could not start or run, 2 bad usage.
int run_program(const std::vector<std::string>& arguments, const base::Environment& environment);

}  // namespace sluice::program
