#pragma once
// The manual page sluice(1), made from the commands and the options, as docs/options.md is.

#include <span>
#include <string>
#include <vector>

#include "base/option.hpp"
#include "program/command.hpp"

namespace sluice::program {

std::string man_page(std::span<const Command> commands, const std::vector<base::Option>& options);

}  // namespace sluice::program
