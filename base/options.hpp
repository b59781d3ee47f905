#pragma once
// OptionSet: all options of the program, filled from a file, the environment and flags; flags win over environment over
// file over defaults. Used by one thread, at the start and at SIGHUP (with new structs).

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/option.hpp"
#include "base/option_values.hpp"

namespace sluice::base {

using Environment = std::map<std::string, std::string, std::less<>>;
// Copies "NAME=value" entries, the form of ::environ, which ends with nullptr.
Environment read_environment(const char* const* entries);

class OptionSet {
 public:
  // Without `has_config` there is no option `config`, and so no file.
  explicit OptionSet(bool has_config = true);
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  // Declares all options of a struct that has `section` (a title), describe() and, if options depend on each other,
  // validate(), which gives one sentence per mistake. `options` outlive this; what they hold now are the defaults.
  template <class Options>
  void add(Options& options);

  // Fills the structs: file (if `config` names one), then environment, then flags. Returns everything that is wrong, a
  // sentence each, naming source, option, value and what was expected; empty if all is well. Called once. Variables of
  // no option are left alone. An empty variable counts as not set.
  std::vector<std::string> load(const std::vector<std::string>& flags, const Environment& environment);
  // Variables that look like an option's and are none's, a sentence each. Kubernetes' own for a service (such as
  // SLUICE_SERVICE_HOST, SLUICE_PORT_8080_TCP_ADDR) are none of our business.
  std::vector<std::string> stray_variables(const Environment& environment) const;

  // In the order of declaration, `config` (if there is one) first.
  const std::vector<Option>& options() const { return options_; }
  const Option* find(std::string_view name) const;
  // The file that was read; empty if none was named.
  const std::string& config() const { return config_.config; }

 private:
  // Values that one source gives for one option.
  struct Given {
    const Option* option;
    std::string source;  // begins each message: "--workers", "SLUICE_WORKERS", "sluice.toml:3: workers"
    std::vector<std::string> values;
  };
  struct ConfigOptions {
    static constexpr std::string_view section = "Process";
    std::string config;
    template <class Visitor>
    void describe(Visitor& visitor) {
      visitor.option(
          "config", config,
          {.sentence = "TOML file to read options from; its keys are the names of the flags.", .in_file = false});
    }
  };
  class Binder;

  std::vector<Given> read_flags(const std::vector<std::string>& flags);
  const Option* find_flag(const std::string& flag);
  std::vector<Given> read_variables(const Environment& environment) const;
  std::vector<Given> read_config();
  void apply(const std::vector<Given>& all);
  std::string unknown(std::string_view name, std::string_view before) const;

  ConfigOptions config_;
  std::vector<Option> options_;
  std::vector<std::function<std::vector<std::string>()>> validations_;
  std::vector<std::string> problems_;
};

// The visitor that binds options to their members.
class OptionSet::Binder {
 public:
  Binder(std::string_view section, std::vector<Option>& options) : section_(section), options_(options) {}

  template <class T>
  void option(std::string_view name, T& member, const OptionInfo& info) {
    Option option = declare(name, info, kind_of<T>(info), false);
    option.assign = [&member, info](const std::vector<std::string>& values) -> Status {
      auto value = parse_option<T>(values.back(), info);
      if (!value) return value.error();
      member = *std::move(value);
      return ok();
    };
    option.values = [&member, info] { return std::vector{OptionValue<T>::text(member, info)}; };
    keep(std::move(option));
  }

  template <class T>
  void option(std::string_view name, std::vector<T>& member, const OptionInfo& info) {
    Option option = declare(name, info, kind_of<T>(info), true);
    option.assign = [&member, info](const std::vector<std::string>& values) -> Status {
      std::vector<T> parsed;
      for (const std::string& text : values) {
        auto value = parse_option<T>(text, info);
        if (!value) return value.error();
        parsed.push_back(*std::move(value));
      }
      member = std::move(parsed);
      return ok();
    };
    option.values = [&member, info] {
      std::vector<std::string> texts;
      texts.reserve(member.size());
      for (const T& value : member) texts.push_back(OptionValue<T>::text(value, info));
      return texts;
    };
    keep(std::move(option));
  }

  // `names` are in the order of the enumerators, which count from 0, and live as long as the program.
  template <class Enum, std::size_t count>
  void choice(std::string_view name, Enum& member, const std::array<std::string_view, count>& names,
              const OptionInfo& info) {
    Option option = declare(name, info, OptionKind::choice, false);
    option.choices.assign(names.begin(), names.end());
    option.assign = [&member, &names](const std::vector<std::string>& values) -> Status {
      const auto place = parse_choice(values.back(), names);
      if (!place) return place.error();
      member = static_cast<Enum>(*place);
      return ok();
    };
    option.values = [&member, &names] { return std::vector{std::string(names[static_cast<std::size_t>(member)])}; };
    keep(std::move(option));
  }

 private:
  template <class T>
  static OptionKind kind_of(const OptionInfo& info) {
    return std::unsigned_integral<T> && info.unit == "bytes" ? OptionKind::bytes : OptionValue<T>::kind;
  }
  Option declare(std::string_view name, const OptionInfo& info, OptionKind kind, bool is_list) const {
    return {section_, name, info, kind, is_list, {}, {}, {}, {}};
  }
  void keep(Option option) {
    for (const Option& other : options_) SLUICE_ASSERT(other.name != option.name);
    option.defaults = option.values();
    options_.push_back(std::move(option));
  }

  std::string_view section_;
  std::vector<Option>& options_;
};

template <class Options>
void OptionSet::add(Options& options) {
  Binder binder(Options::section, options_);
  options.describe(binder);
  if constexpr (requires { options.validate(); }) validations_.push_back([&options] { return options.validate(); });
}

}  // namespace sluice::base
