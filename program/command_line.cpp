#include "program/command_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/option_text.hpp"

namespace sluice::program {
namespace {

constexpr std::size_t help_columns = 100;
constexpr std::size_t flag_columns = 30;

std::string upper(std::string_view text) {
  std::string all(text);
  for (char& c : all) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return all;
}

// What stands for the value: "ROOM" for --except-room, "N" for numbers, "close|drop-newest" for choices.
std::string placeholder(const base::Option& option) {
  if (option.kind == base::OptionKind::boolean) return "";
  if (option.kind == base::OptionKind::number || option.kind == base::OptionKind::duration) return " N";
  if (option.kind != base::OptionKind::choice) {
    return " " + upper(option.info.unit.empty() ? option.name.substr(option.name.rfind('-') + 1) : option.info.unit);
  }
  std::string all = " ";
  for (const std::string_view choice : option.choices) all.append(all == " " ? "" : "|").append(choice);
  return all;
}

void append_wrapped(std::string& out, std::string_view text, std::size_t indent) {
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column > indent && column + 1 + word.size() > help_columns) {
      out.append("\n").append(indent, ' ');
      column = indent;
    }
    if (column > indent) out += ' ';
    out += word;
    column += word.size() + (column > indent ? 1 : 0);
  }
  out += '\n';
}

std::string sentence_of(const base::Option& option) {
  std::string text(option.info.sentence);
  if (option.is_list) return text + " May be repeated.";
  if (option.kind == base::OptionKind::boolean || option.defaults.front().empty()) return text;
  return text + " Default " + option.defaults.front() + ".";
}

std::vector<std::string_view> variables_of_calls(CommandLine::Variables variables) {
  switch (variables) {
    case CommandLine::Variables::all:
      break;
    case CommandLine::Variables::grpc_only:
      return {"SLUICE_GRPC", "SLUICE_API_KEY"};
    case CommandLine::Variables::client_port:
      return {"SLUICE_URL", "SLUICE_TOKEN"};
    case CommandLine::Variables::admin_only:
      return {"SLUICE_ADMIN"};
  }
  return {};
}

}  // namespace

std::string short_option_help(const std::vector<base::Option>& options) {
  std::string out;
  for (const base::Option& option : options) {
    const std::string flag = "  " + option.flag() + placeholder(option);
    out += flag;
    if (flag.size() + 2 > flag_columns) out += '\n';
    out.append(flag.size() + 2 > flag_columns ? flag_columns : flag_columns - flag.size(), ' ');
    append_wrapped(out, sentence_of(option), flag_columns);
  }
  return out;
}

Arguments split_arguments(const std::vector<std::string>& arguments, const base::OptionSet& options) {
  Arguments split;
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    if (*at == "--") {
      split.words.insert(split.words.end(), at + 1, arguments.end());
      break;
    }
    if (*at == "--help" || *at == "-h") {
      split.wants_help = true;
    } else if (!at->starts_with('-') || *at == "-") {
      split.words.push_back(*at);
    } else {
      split.flags.push_back(*at);
      const base::Option* const option =
          at->starts_with("--") ? options.find(std::string_view(*at).substr(2)) : nullptr;
      const bool takes_next = option != nullptr && option->kind != base::OptionKind::boolean;
      if (takes_next && at + 1 != arguments.end() && !(at + 1)->starts_with("--")) split.flags.push_back(*++at);
    }
  }
  return split;
}

CommandLine::CommandLine(const Invocation& invocation, const Manual& manual, Variables variables)
    : invocation_(invocation), manual_(manual), variables_(variables), set_(variables == Variables::all) {}

std::optional<int> CommandLine::read() {
  Arguments split = split_arguments(invocation_.arguments, set_);
  if (split.wants_help) {
    print(help());
    return exit_ok;
  }
  flags_ = std::move(split.flags);
  words_ = std::move(split.words);
  base::Environment environment = invocation_.environment;
  if (variables_ != Variables::all) {
    const auto names = variables_of_calls(variables_);
    std::erase_if(environment,
                  [&names](const auto& variable) { return std::ranges::find(names, variable.first) == names.end(); });
  }
  const std::vector<std::string> problems = set_.load(flags_, environment);
  for (const std::string& problem : problems) complain(invocation_.command, problem);
  if (problems.empty()) return std::nullopt;
  return !set_.config().empty() && access(set_.config().c_str(), R_OK) != 0 ? exit_failed : exit_usage;
}

std::vector<std::string> CommandLine::stray_variables() const {
  base::Environment environment = invocation_.environment;
  for (const Variables others : {Variables::grpc_only, Variables::client_port, Variables::admin_only}) {
    for (const std::string_view name : variables_of_calls(others)) environment.erase(std::string(name));
  }
  return set_.stray_variables(environment);
}

int CommandLine::misuse(std::string_view what) const {
  complain(invocation_.command, what);
  complain(invocation_.command, "`sluice " + std::string(invocation_.command) + " --help` tells how it is used");
  return exit_usage;
}

std::string CommandLine::help() const {
  std::string text = "Usage: ";
  text.append(manual_.usage).append("\n\n").append(manual_.about).append("\nExamples:\n").append(manual_.examples);
  if (variables_ == Variables::all && shown_.empty()) return text + "\n" + base::option_help(set_.options());
  std::vector<base::Option> options = set_.options();
  std::erase_if(options, [this](const base::Option& option) {
    return !shown_.empty() && std::ranges::find(shown_, option.section) == shown_.end();
  });
  return text + "\nOptions:\n" + short_option_help(options);
}

}  // namespace sluice::program
