#include "program/man_page.hpp"

#include "base/option_text.hpp"
#include "base/roff_text.hpp"
#include "program/version.hpp"

namespace sluice::program {
namespace {

using base::roff_text;

constexpr std::string_view opening =
    ".SH NAME\n"
    "sluice \\- gateway for real\\-time clients\n"
    ".SH SYNOPSIS\n"
    ".B sluice\n"
    ".I COMMAND\n"
    ".RB [ \\-\\-option\n"
    ".IR VALUE ]...\n"
    ".SH DESCRIPTION\n"
    "Sluice lets browsers, apps and devices meet in rooms: they come by WebSocket, Socket.IO, server\\-sent events\n"
    "or polling. Services publish to them, look at who is there and manage them by gRPC or with plain HTTP.\n"
    ".B sluice serve\n"
    "is the gateway; the other commands call a running one, or work without.\n";

constexpr std::string_view sources =
    "Each is a flag, a variable\n"
    ".RB ( SLUICE_WORKERS\n"
    "for\n"
    ".BR \\-\\-workers ;\n"
    "several values are separated by commas) and a key of the TOML file that\n"
    ".B \\-\\-config\n"
    "names. Flags win over variables over the file. Sizes may have a suffix (64KiB, 1MiB, 2GiB), durations too\n"
    "(500ms, 1.5s, 2m, 1h). What is on by default is turned off by\n"
    ".BR \\-\\-tcp\\-no\\-delay=false .\n"
    ".I Live\n"
    "options change by SIGHUP or when their file does, the others at a restart.\n";

constexpr std::string_view closing =
    ".SH SIGNALS\n"
    ".TP\n"
    ".BR SIGTERM ,\\  SIGINT\n"
    "End: the gateway is not ready from now on, goes on accepting for\n"
    ".BR \\-\\-drain\\-delay\\-seconds ,\n"
    "ends its connections over\n"
    ".B \\-\\-drain\\-seconds\n"
    "and exits. A second one ends it at once.\n"
    ".TP\n"
    ".B SIGHUP\n"
    "Read certificates, keys, callers and options again. A file with a mistake changes nothing.\n"
    "Without a signal each is read again when it changes, unless\n"
    ".B \\-\\-watch\\-files=false\n"
    "is given.\n"
    ".PP\n"
    "As a unit of systemd with\n"
    ".BR Type=notify ,\n"
    "the gateway says when it is ready, reloads and ends, and feeds\n"
    ".BR WatchdogSec= .\n"
    ".SH EXIT STATUS\n"
    "0: ended as asked. 1: could not start or run; a line on standard error says why. 2: bad usage.\n"
    ".SH FILES\n"
    "As Debian's package has them:\n"
    ".TP\n"
    ".I /etc/sluice/sluice.toml\n"
    "The options of the service, read by\n"
    ".BR \\-\\-config .\n"
    ".TP\n"
    ".I /etc/default/sluice\n"
    "Its variables, if the file is there; they win over the former.\n"
    ".SH EXAMPLES\n"
    ".EX\n"
    "sluice serve \\-\\-listen 127.0.0.1:8080 \\-\\-client\\-messages relay\n"
    "sluice publish \\-\\-room lobby hi\n"
    "sluice check \\-\\-config /etc/sluice/sluice.toml\n"
    ".EE\n"
    ".SH SEE ALSO\n"
    ".BR systemctl (1),\n"
    ".BR systemd.service (5)\n";

}  // namespace

std::string man_page(std::span<const Command> commands, const std::vector<base::Option>& options) {
  std::string page = ".TH SLUICE 1 \"\" \"Sluice " + std::string(version) + "\" \"Sluice\"\n";
  page.append(opening).append(".SH COMMANDS\n");
  for (const Command& command : commands) {
    page.append(".TP\n.B ").append(roff_text(command.name)).append("\n");
    page.append(roff_text(command.sentence)).append("\n");
  }
  page.append(".PP\n.B sluice\n.I COMMAND\n.B \\-\\-help\ntells how each is used, with examples.\n");
  page.append(".SH OPTIONS OF SERVE\n").append(sources).append(base::option_man(options));
  return page.append(closing);
}

}  // namespace sluice::program
