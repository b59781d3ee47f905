#include "program/version.hpp"

namespace sluice::program {

const std::string_view version = SLUICE_VERSION;

}  // namespace sluice::program
