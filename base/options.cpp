#include "base/options.hpp"

#include <algorithm>
#include <utility>

#include "base/nearest_word.hpp"
#include "base/option_file.hpp"

namespace sluice::base {
namespace {

// Cuts at commas; "a,,b" and "a, b" are two values each.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const auto comma = text.find(',');
    std::string_view value = text.substr(0, comma);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    if (!value.empty()) values.emplace_back(value);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return values;
}

// Kubernetes gives a container two families of variables for each service: NAME_SERVICE_..., and NAME_PORT..., which
// Docker's links had.
bool is_of_a_service(std::string_view variable, std::string_view value) {
  constexpr std::string_view port = "_PORT";
  if (variable.find("_SERVICE_HOST") != variable.npos || variable.find("_SERVICE_PORT") != variable.npos) return true;
  for (auto at = variable.find(port); at != variable.npos; at = variable.find(port, at + 1)) {
    const std::string_view rest = variable.substr(at + port.size());
    // NAME_PORT is a URL there: somebody who gives a port has misspelled an option.
    if (rest.empty()) return value.find("://") != value.npos;
    if (rest.size() > 1 && rest[0] == '_' && rest[1] >= '0' && rest[1] <= '9') return true;
  }
  return false;
}

// Says that, and which of `names` may have been meant.
std::string no_such_option(std::string_view name, const std::vector<std::string_view>& names, std::string_view before) {
  std::string problem = "there is no such option";
  if (const auto near = nearest_word(name, names)) {
    problem.append("; did you mean ").append(before).append(*near).append("?");
  }
  return problem;
}

}  // namespace

std::vector<std::string> Option::shown_values() const {
  std::vector<std::string> shown = values();
  if (info.is_secret) std::ranges::fill(shown, "(hidden)");
  return shown;
}

std::string Option::flag() const { return "--" + std::string(name); }

std::string Option::environment_variable() const {
  std::string variable = "SLUICE_";
  for (const char c : name) variable += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return variable;
}

Environment read_environment(const char* const* entries) {
  Environment environment;
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    const std::string_view entry = *entries;
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

OptionSet::OptionSet(bool has_config) {
  if (has_config) add(config_);
}

const Option* OptionSet::find(std::string_view name) const {
  const auto at = std::find_if(options_.begin(), options_.end(), [name](const Option& o) { return o.name == name; });
  return at == options_.end() ? nullptr : &*at;
}

std::vector<std::string> OptionSet::load(const std::vector<std::string>& flags, const Environment& environment) {
  const std::vector<Given> from_flags = read_flags(flags);
  const std::vector<Given> from_variables = read_variables(environment);
  // What file to read is itself given by the other two.
  for (const auto* source : {&from_variables, &from_flags}) {
    for (const Given& given : *source) {
      if (given.option->name == "config") config_.config = given.values.back();
    }
  }
  apply(read_config());
  apply(from_variables);
  apply(from_flags);
  if (!problems_.empty()) return problems_;
  for (const auto& validate : validations_) {
    for (std::string& problem : validate()) problems_.push_back(std::move(problem));
  }
  return problems_;
}

std::vector<OptionSet::Given> OptionSet::read_flags(const std::vector<std::string>& flags) {
  std::vector<Given> all;
  for (std::size_t at = 0; at < flags.size(); ++at) {
    const auto equals = flags[at].find('=');
    const std::string flag = flags[at].substr(0, equals);
    const Option* const option = find_flag(flag);
    if (option == nullptr) continue;
    std::string value = "true";
    if (equals != std::string::npos) {
      value = flags[at].substr(equals + 1);
    } else if (option->kind != OptionKind::boolean) {
      // No value begins so, but a flag whose value was forgotten is followed by one that does.
      if (at + 1 == flags.size() || flags[at + 1].starts_with("--")) {
        problems_.push_back(flag + ": needs a value");
        continue;
      }
      value = flags[++at];
    }
    const auto earlier = std::find_if(all.begin(), all.end(), [option](const Given& g) { return g.option == option; });
    if (earlier == all.end()) {
      all.push_back({option, flag, {std::move(value)}});
    } else {
      earlier->values.push_back(std::move(value));
    }
  }
  return all;
}

// Gives the option that `flag` names, or keeps the problem.
const Option* OptionSet::find_flag(const std::string& flag) {
  const std::string_view name = std::string_view(flag).substr(std::min(flag.find_first_not_of('-'), flag.size()));
  const Option* const option = flag.starts_with("--") ? find(std::string_view(flag).substr(2)) : nullptr;
  if (option != nullptr) return option;
  problems_.push_back(flag.starts_with('-') ? flag + ": " + unknown(name, "--")
                                            : "'" + flag + "': is not a flag; each value stands behind its flag");
  return nullptr;
}

std::vector<OptionSet::Given> OptionSet::read_variables(const Environment& environment) const {
  std::vector<Given> all;
  for (const Option& option : options_) {
    const std::string variable = option.environment_variable();
    const auto entry = environment.find(variable);
    if (entry == environment.end() || entry->second.empty()) continue;
    all.push_back({&option, variable, option.is_list ? split_list(entry->second) : std::vector{entry->second}});
  }
  return all;
}

std::vector<std::string> OptionSet::stray_variables(const Environment& environment) const {
  std::vector<std::string> variables;
  for (const Option& option : options_) variables.push_back(option.environment_variable());
  const std::vector<std::string_view> known(variables.begin(), variables.end());
  std::vector<std::string> strays;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("SLUICE_") || value.empty() || std::ranges::find(known, name) != known.end()) continue;
    if (!is_of_a_service(name, value)) strays.push_back(name + ": " + no_such_option(name, known, ""));
  }
  return strays;
}

std::vector<OptionSet::Given> OptionSet::read_config() {
  std::vector<Given> all;
  if (config().empty()) return all;
  auto keys = read_option_file(config());
  if (!keys) {
    problems_.push_back(keys.error().detail);
    return all;
  }
  for (FileKey& key : *keys) {
    const std::string source = config() + ":" + std::to_string(key.line) + ": " + key.name;
    const Option* const option = find(key.name);
    if (!key.problem.empty()) {
      problems_.push_back(source + ": " + key.problem);
    } else if (option == nullptr) {
      problems_.push_back(source + ": " + unknown(key.name, ""));
    } else if (!option->info.in_file) {
      problems_.push_back(source + ": cannot be set in the file");
    } else if (key.is_list && !option->is_list) {
      problems_.push_back(source + ": takes one value, not a list");
    } else {
      all.push_back({option, source, std::move(key.values)});
    }
  }
  return all;
}

void OptionSet::apply(const std::vector<Given>& all) {
  for (const Given& given : all) {
    if (const auto done = given.option->assign(given.values); !done) {
      problems_.push_back(given.source + ": " + done.error().detail);
    }
  }
}

std::string OptionSet::unknown(std::string_view name, std::string_view before) const {
  std::vector<std::string_view> names;
  for (const Option& option : options_) names.push_back(option.name);
  return no_such_option(name, names, before);
}

}  // namespace sluice::base
