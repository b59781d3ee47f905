#pragma once
// CommandLine: takes the arguments of one command apart: flags, which options structs declare (base/options.hpp), and
// words, which have no flag, such as the text of a message.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/options.hpp"
#include "program/command.hpp"

namespace sluice::program {

// What `--help` prints beside the options. Lines have at most 100 columns, which a test checks.
struct Manual {
  std::string_view usage;     // "sluice publish [OPTION]... TEXT"
  std::string_view about;     // paragraphs; ends with a line break
  std::string_view examples;  // one a line, indented by 2
};

class CommandLine {
 public:
  // Which variables of the environment set options: those of the gateway must not change what a call does, as both have
  // options of one name (namespace). A call over gRPC and a client of the client port have two each, a question to the
  // admin port has where the gateway listens.
  enum class Variables { all, grpc_only, client_port, admin_only };

  // `invocation` outlives this. With `Variables::all` there is --config, too, and help is that of the gateway.
  CommandLine(const Invocation& invocation, const Manual& manual, Variables variables);

  // As base::OptionSet::add.
  template <class Options>
  void add(Options& options) {
    set_.add(options);
  }

  // Help is of these sections alone, and as short as that of calls.
  void shorten_help(std::vector<std::string_view> sections) { shown_ = std::move(sections); }
  // Fills the options. Gives the exit code if the command ends here: help was asked for, or something is wrong, which
  // has been printed (a file that cannot be read is no misuse, but a failure).
  std::optional<int> read();
  const std::vector<std::string>& words() const { return words_; }
  // The flags as they came, for reading everything again; and what they were read into.
  const std::vector<std::string>& flags() const { return flags_; }
  const base::OptionSet& set() const { return set_; }
  base::OptionSet& set() { return set_; }
  // As base::OptionSet::stray_variables, without those that calls and clients have.
  std::vector<std::string> stray_variables() const;
  // Prints what is wrong with the words; gives the exit code.
  int misuse(std::string_view what) const;

 private:
  std::string help() const;

  const Invocation& invocation_;
  const Manual manual_;
  const Variables variables_;
  base::OptionSet set_;
  std::vector<std::string> flags_, words_;
  std::vector<std::string_view> shown_;  // sections; empty: all
};

// Arguments that are flags, each with its value, and those that are words; "--" ends the flags, "-" is a word.
struct Arguments {
  std::vector<std::string> flags, words;
  bool wants_help = false;
};
Arguments split_arguments(const std::vector<std::string>& arguments, const base::OptionSet& options);

// Gives options in two columns, for commands with few of them.
std::string short_option_help(const std::vector<base::Option>& options);

}  // namespace sluice::program
