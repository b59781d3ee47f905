#include "program/reload.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

namespace sluice::program {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(&text == &texts.front() ? "" : ", ").append(text);
  return all;
}

// Hands live options on to whoever holds a copy of them.
void apply(const AllOptions& options) { base::set_log_level(options.log.log_level); }

}  // namespace

std::vector<Change> changes(const base::OptionSet& running, const base::OptionSet& fresh) {
  std::vector<Change> all;
  SLUICE_ASSERT(running.options().size() == fresh.options().size());
  for (std::size_t at = 0; at < running.options().size(); ++at) {
    const base::Option& option = running.options()[at];
    std::vector<std::string> values = fresh.options()[at].values();
    if (values != option.values()) all.push_back({&option, std::move(values), fresh.options()[at].shown_values()});
  }
  return all;
}

bool reload(base::OptionSet& running, const AllOptions& options, const std::vector<std::string>& flags,
            const base::Environment& environment) {
  AllOptions fresh;
  base::OptionSet set;
  fresh.declare(set);
  const std::vector<std::string> problems = set.load(flags, environment);
  for (const std::string& problem : problems) base::log_warning("reload_refused", {{"problem", problem}});
  if (!problems.empty()) return false;
  for (const Change& change : changes(running, set)) {
    const auto name = change.running->name;
    if (!change.running->info.live) {
      base::log_warning("reload_needs_restart", {{"option", name}, {"value", joined(change.shown)}});
      continue;
    }
    const bool is_assigned = change.running->assign(change.values).has_value();
    SLUICE_ASSERT(is_assigned);
    base::log_info("option_changed", {{"option", name}, {"value", joined(change.shown)}});
  }
  apply(options);
  base::log_info("reloaded");
  return true;
}

}  // namespace sluice::program
