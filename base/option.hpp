#pragma once
// An option is one member of a folder's Options. That struct declares it once, in
//   template <class Visitor> void describe(Visitor& visitor)
//     visitor.option("backlog", backlog, {.unit = "connections", .min = 1, .max = 65535, .sentence = "..."});
//     visitor.choice("slow-policy", slow_policy, slow_policy_names, {.live = true, .sentence = "..."});
// and flags, environment, file, help and documents are made from it (base/options.hpp, base/option_text.hpp). A struct
// needs this header only if a member of its own needs it.

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sluice::base {

// What a declaration says beside the name, the member and, as the member's value, the default.
struct OptionInfo {
  std::string_view unit = {};  // of the plain number: "bytes" takes 64KiB too, "seconds" and "milliseconds" 1.5s or 2m
  double min = 0;              // in `unit`, both ends included
  double max = std::numeric_limits<double>::infinity();  // infinity: as far as the member's type goes
  bool live = false;                                     // true: SIGHUP changes it; false: a restart does
  std::string_view sentence = {};                        // for help and documents; ends with a full stop
  // Says what was expected if a value of text is not fit ("a name that begins with '/'"), and nothing if it is.
  std::string_view (*misfit)(std::string_view value) = nullptr;
  bool is_secret = false;  // its values are shown to nobody
  bool in_file = true;     // false: a key of the file cannot set it
};

// Says of what kind an option's values are.
enum class OptionKind : std::uint8_t { boolean, number, bytes, duration, text, address, choice };

// Holds one declared option, bound to its member.
struct Option {
  std::string_view section;
  std::string_view name;  // as in the flag, without the dashes, and in the file
  OptionInfo info;
  OptionKind kind;
  bool is_list;  // may be repeated; all others have exactly one value
  std::vector<std::string_view> choices;
  std::vector<std::string> defaults;  // texts that parse back to the default
  // Writes the member; on failure leaves it as it was and says what is wrong: "'abc' is not a number from 0 to 256".
  std::function<Status(const std::vector<std::string>& values)> assign;
  // Gives the member's value as texts.
  std::function<std::vector<std::string>()> values;

  // The same as people may see them.
  std::vector<std::string> shown_values() const;

  std::string flag() const;                  // "--share-port"
  std::string environment_variable() const;  // "SLUICE_SHARE_PORT"
};

}  // namespace sluice::base
