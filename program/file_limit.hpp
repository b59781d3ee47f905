#pragma once
// How many files, and so connections, the process may have open.

#include <cstddef>

#include "base/result.hpp"

namespace sluice::program {

// Raises the limit on open files as far as the system allows; gives what it is then.
std::size_t raise_file_limit();

// What is open beside clients' connections.
struct OtherFiles {
  std::size_t workers = 1;
  std::size_t listeners = 1;  // of each worker
};

// Gives how many connections are to be allowed: `wanted`, or, if that is 0, as many as `files_max` leaves room for.
// Fails if they do not fit, with a sentence that says what to do.
base::Result<std::size_t> connections_that_fit(std::size_t wanted, std::size_t files_max, OtherFiles others);

}  // namespace sluice::program
