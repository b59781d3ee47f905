// `sluice caller`.

#include <algorithm>

#include "identity/callers.hpp"
#include "identity/sha256.hpp"
#include "program/command_line.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice caller --scope SCOPE [--scope SCOPE]... NAME",
    .about =
        "Makes an API key for a caller of the control plane. Prints the line about it for the file of\n"
        "--callers, which has only the key's hash, and, on standard error, the key itself, which nobody can\n"
        "show again. The scopes are publish; read (lists, history, node); backend (events, and what is said\n"
        "to them); admin (everything).\n",
    .examples =
        "  sluice caller --scope publish billing >> callers\n"
        "  sluice caller --scope read --scope publish ops >> callers\n"
        "  SLUICE_API_KEY=slk_... sluice connections\n",
};

struct CallerOptions {
  static constexpr std::string_view section = "Caller";
  std::vector<std::string> scopes;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("scope", scopes, {.sentence = "What the caller may do.", .misfit = scope_misfit});
  }

 private:
  static std::string_view scope_misfit(std::string_view name) {
    const bool is_one = std::ranges::find(identity::scope_names, name) != identity::scope_names.end();
    return is_one ? "" : "publish, read, backend or admin";
  }
};

}  // namespace

int run_caller(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::grpc_only);
  CallerOptions options;
  line.add(options);
  if (const auto code = line.read()) return *code;
  if (line.words().size() != 1) return line.misuse("whose? give one name");
  if (options.scopes.empty()) return line.misuse("for what? give at least one --scope");
  std::string scopes;
  for (const std::string& scope : options.scopes) scopes.append(scopes.empty() ? "" : ",").append(scope);
  const std::string key = identity::make_key();
  const std::string text = line.words().front() + " " + scopes + " sha256:" + identity::sha256_text(key) + "\n";
  // As the gateway will read it.
  if (const auto read = identity::CallerList::parse(text); !read || read->size() != 1) {
    return line.misuse("a name has 1 to 64 bytes without white space, and does not begin with #");
  }
  print(text);
  complain(invocation.command, "the key, which is kept nowhere: " + key);
  return exit_ok;
}

}  // namespace sluice::program
