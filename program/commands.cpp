#include "program/commands.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "base/nearest_word.hpp"
#include "program/command.hpp"

namespace sluice::program {
namespace {

constexpr std::string_view introduction =
    "Sluice is one gateway for every real-time client: WebSocket clients meet in rooms, services publish\n"
    "to them over gRPC or with curl.\n"
    "\n"
    "Usage: sluice COMMAND [--option VALUE]...\n";

constexpr std::array commands{
    Command{"serve", "Run the gateway.", run_serve},
    Command{"publish", "Send a message to rooms, users, connections or everyone.", run_publish},
    Command{"connections", "List the clients that are connected.", run_connections},
    Command{"rooms", "List the rooms of a namespace.", run_rooms},
    Command{"presence", "List who is in a room.", run_presence},
    Command{"disconnect", "End connections.", run_disconnect},
    Command{"drain", "Take a node out of service, and watch.", run_drain},
    Command{"undrain", "Put a node back into service.", run_undrain},
    Command{"shed", "End a part of a node's connections.", run_shed},
    Command{"node", "Show a node: version, load, limits.", run_node},
    Command{"nodes", "List the nodes of a cluster, and watch them come and go.", run_nodes},
    Command{"subscribe", "Print the messages of rooms as they come.", run_subscribe},
    Command{"poll", "Print what came to rooms since the last time.", run_poll},
    Command{"health", "Ask a gateway, on its admin port, whether it is well or ready.", run_health},
    Command{"options", "Print every option of serve.", run_options},
    Command{"metrics", "Print every metric of serve.", run_metrics},
    Command{"token", "Make a client's token, or check one.", run_token},
    Command{"caller", "Make an API key for a caller, and the line about it for --callers.", run_caller},
    Command{"check", "Check a configuration file.", run_check},
    Command{"version", "Print the version.", run_version},
};

std::string overview() {
  std::string text(introduction);
  for (const Command& command : commands) {
    if (command.run == run_serve) text += "\nThe gateway:\n";
    if (command.run == run_publish)
      text += "\nCalls to a running one, over gRPC (--grpc ADDRESS, default 127.0.0.1:8081):\n";
    if (command.run == run_subscribe)
      text += "\nClients of a running one, over its client port (--url URL, default http://127.0.0.1:8080):\n";
    if (command.run == run_options) text += "\nOffline:\n";
    text.append("  ").append(command.name).append(14 - command.name.size(), ' ').append(command.sentence).append("\n");
  }
  return text + "\n`sluice COMMAND --help` tells more, with examples.\n";
}

int unknown_command(const std::string& word) {
  std::string what = "there is no command '" + word + "'";
  std::vector<std::string_view> names{"help"};
  for (const Command& command : commands) names.push_back(command.name);
  if (const auto near = base::nearest_word(word, names)) what.append("; did you mean ").append(*near).append("?");
  complain("", what);
  complain("", "`sluice help` lists the commands");
  return exit_usage;
}

int run_command(const Command& command, Invocation invocation) {
  invocation.command = command.name;
  try {
    return command.run(invocation);
  } catch (const std::exception& error) {
    complain(command.name, error.what());
    return exit_failed;
  }
}

int dispatch(std::vector<std::string> arguments, const base::Environment& environment) {
  if (arguments.empty()) {
    std::fputs(overview().c_str(), stderr);
    return exit_usage;
  }
  std::string word = arguments.front();
  arguments.erase(arguments.begin());
  if (word == "help" || word == "--help" || word == "-h") {
    if (arguments.empty()) {
      print(overview());
      return exit_ok;
    }
    word = std::exchange(arguments, {"--help"}).front();
  }
  if (word == "--version") word = "version";
  const auto command = std::ranges::find(commands, word, &Command::name);
  return command == commands.end() ? unknown_command(word) : run_command(*command, {{}, arguments, environment});
}

}  // namespace

std::span<const Command> all_commands() { return commands; }

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void complain(std::string_view command, std::string_view what) {
  std::string line = "sluice";
  if (!command.empty()) line.append(" ").append(command);
  line.append(": ").append(what).append("\n");
  std::fputs(line.c_str(), stderr);
}

int run_program(const std::vector<std::string>& arguments, const base::Environment& environment) {
  const int code = dispatch(arguments, environment);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  complain("", "cannot write to standard output");
  return exit_failed;
}

}  // namespace sluice::program
