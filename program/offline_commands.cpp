// `sluice options`, `check` and `version`: what needs no gateway.

#include "base/option_text.hpp"
#include "program/all_options.hpp"
#include "program/command_line.hpp"
#include "program/man_page.hpp"
#include "program/version.hpp"

namespace sluice::program {
namespace {

constexpr Manual options_manual{
    .usage = "sluice options [--markdown|--json|--sample|--man] [OPTION of serve]...",
    .about =
        "Prints every option of `sluice serve`. --json shows each one's present value, too: what serve would\n"
        "use with this environment and the options given here. --sample prints a file for --config, --man the\n"
        "manual page sluice(1).\n",
    .examples =
        "  sluice options --sample > sluice.toml\n"
        "  sluice options --man | man -l -\n"
        "  sluice options --json --config sluice.toml | jq '.[] | select(.value != .default)'\n",
};
constexpr Manual check_manual{
    .usage = "sluice check --config FILE [OPTION of serve]...",
    .about =
        "Checks what `sluice serve` would be given: the file, this environment and the options given here.\n"
        "Prints ok, or a line for each mistake, with exit code 1. A SLUICE_ variable of no option is told,\n"
        "but is no mistake.\n",
    .examples = "  sluice check --config sluice.toml\n",
};
constexpr Manual version_manual{
    .usage = "sluice version",
    .about = "Prints the version.\n",
    .examples = "  sluice version\n",
};

struct FormatOptions {
  static constexpr std::string_view section = "Output of this command";
  bool markdown = false, json = false, sample = false, man = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("markdown", markdown, {.sentence = "Print docs/options.md.", .in_file = false});
    visitor.option("json", json, {.sentence = "Print a JSON array.", .in_file = false});
    visitor.option("sample", sample, {.sentence = "Print a file for --config.", .in_file = false});
    visitor.option("man", man, {.sentence = "Print the manual page.", .in_file = false});
  }
  std::vector<std::string> validate() const {
    if (markdown + json + sample + man > 1) return {"--markdown, --json, --sample and --man: only one at a time"};
    return {};
  }
};

}  // namespace

int run_options(const Invocation& invocation) {
  CommandLine line(invocation, options_manual, CommandLine::Variables::all);
  AllOptions all;
  FormatOptions format;
  all.declare(line);
  line.add(format);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag");

  std::vector<base::Option> options = line.set().options();
  std::erase_if(options, [](const base::Option& option) { return option.section == FormatOptions::section; });
  const auto made = format.markdown ? base::option_markdown
                    : format.json   ? base::option_json
                    : format.sample ? base::option_sample_file
                                    : base::option_help;
  print(format.man ? man_page(all_commands(), options) : made(options));
  return exit_ok;
}

int run_check(const Invocation& invocation) {
  CommandLine line(invocation, check_manual, CommandLine::Variables::all);
  AllOptions all;
  all.declare(line);
  if (const auto code = line.read())
    return line.set().config().empty() ? *code : *code == exit_ok ? exit_ok : exit_failed;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag; was --config meant?");
  if (line.set().config().empty()) return line.misuse("which file? name it by --config");
  for (const std::string& stray : line.stray_variables()) complain(invocation.command, stray);
  print("ok\n");
  return exit_ok;
}

int run_version(const Invocation& invocation) {
  CommandLine line(invocation, version_manual, CommandLine::Variables::grpc_only);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag");
  print("sluice " + std::string(version) + "\n");
  return exit_ok;
}

}  // namespace sluice::program
