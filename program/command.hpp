#pragma once
// Command: one word behind `sluice`, such as `serve` or `publish`, and what all of them share.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.hpp"

namespace sluice::program {

enum ExitCode : int { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

// What stands behind the command's name, and what surrounds it.
struct Invocation {
  std::string_view command;
  std::vector<std::string> arguments;
  base::Environment environment;
};

struct Command {
  std::string_view name;
  std::string_view sentence;
  // Gives the exit code. An exception that escapes is printed as one line, with exit code 1.
  int (*run)(const Invocation& invocation);
};

// All there are, in the order in which `sluice help` lists them.
std::span<const Command> all_commands();

int run_serve(const Invocation& invocation);
int run_publish(const Invocation& invocation);
int run_connections(const Invocation& invocation);
int run_rooms(const Invocation& invocation);
int run_disconnect(const Invocation& invocation);
int run_drain(const Invocation& invocation);
int run_undrain(const Invocation& invocation);
int run_shed(const Invocation& invocation);
int run_node(const Invocation& invocation);
int run_nodes(const Invocation& invocation);
int run_presence(const Invocation& invocation);
int run_subscribe(const Invocation& invocation);
int run_poll(const Invocation& invocation);
int run_health(const Invocation& invocation);
int run_options(const Invocation& invocation);
int run_metrics(const Invocation& invocation);
int run_caller(const Invocation& invocation);
int run_token(const Invocation& invocation);
int run_check(const Invocation& invocation);
int run_version(const Invocation& invocation);

// Writes to standard output.
void print(std::string_view text);
// Writes one line to standard error: "sluice publish: WHAT".
void complain(std::string_view command, std::string_view what);

}  // namespace sluice::program
