#include "program/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

#include "base/log.hpp"

namespace sluice::program {
namespace {

void warn(std::string_view problem) { base::log_warning("supervisor_untold", {{"problem", problem}}); }

std::string_view value_of(const base::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

std::string microseconds_text(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

// How often the watchdog wants to hear of us: twice in the time that it waits.
base::Duration watchdog_interval(const base::Environment& environment) {
  const auto waits = number_in(value_of(environment, "WATCHDOG_USEC"));
  const std::string_view pid = value_of(environment, "WATCHDOG_PID");
  const bool is_ours = pid.empty() || number_in(pid) == getpid();
  return waits && is_ours ? base::Duration(std::chrono::microseconds(*waits)) / 2 : base::Duration::max();
}

}  // namespace

Supervisor::Supervisor(const base::Environment& environment) {
  address_ = value_of(environment, "NOTIFY_SOCKET");
  if (address_.empty()) return;
  if ((address_[0] != '/' && address_[0] != '@') || address_.size() >= sizeof sockaddr_un::sun_path) {
    warn("NOTIFY_SOCKET is neither a path nor an abstract socket: " + address_);
    return;
  }
  if (address_[0] == '@') address_[0] = '\0';
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) {
    warn(std::system_category().message(errno));
  } else {
    alive_every_ = watchdog_interval(environment);
  }
}

Supervisor::~Supervisor() {
  if (socket_ >= 0) close(socket_);
}

void Supervisor::ready(std::string_view status) { send("READY=1\nSTATUS=" + std::string(status)); }

void Supervisor::reloading(base::TimePoint now) {
  // The time, by CLOCK_MONOTONIC, is for Type=notify-reload, which tells by it whose reload this is.
  send("RELOADING=1\nMONOTONIC_USEC=" + microseconds_text(now.time_since_epoch()) + "\nSTATUS=Reloading");
}

void Supervisor::stopping(std::string_view status, base::Duration at_most) {
  send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + microseconds_text(at_most) + "\nSTATUS=" + std::string(status));
}

void Supervisor::alive(base::TimePoint now) {
  if (alive_every_ == base::Duration::max() || now < alive_due_) return;
  alive_due_ = now + alive_every_;
  send("WATCHDOG=1");
}

void Supervisor::send(std::string_view assignments) const {
  if (socket_ < 0) return;
  sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
  std::ranges::copy(address_, to.sun_path);
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const auto* const address = reinterpret_cast<const sockaddr*>(&to);
  if (sendto(socket_, assignments.data(), assignments.size(), MSG_NOSIGNAL, address, bytes) < 0) {
    warn(std::system_category().message(errno));
  }
}

}  // namespace sluice::program
