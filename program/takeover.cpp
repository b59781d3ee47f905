#include "program/takeover.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/log.hpp"

namespace sluice::program {
namespace {

using namespace std::chrono_literals;

// What both say. The first carries the version of this way to talk.
constexpr std::string_view asks = "sluice takeover 1", that_is_all = "all", taken = "taken", yours = "yours";
constexpr std::string_view refused = "refused ", socket_for = "socket ";
constexpr base::Duration answer_max = 10s;
// A guest that says nothing for so long makes room for another.
constexpr base::Duration silence_max = 5s;

base::Error failed(const std::string& path, const std::string& why, base::Errc code = base::Errc::unavailable) {
  return base::fail(code, "--takeover: " + path + ": " + why);
}

std::string words_of(int error) { return std::generic_category().message(error); }

}  // namespace

// --- the new process ---

base::Result<std::optional<Takeover>> Takeover::begin(const std::string& path, base::HandedSockets& sockets) {
  auto found = HandoverSocket::connect(path);
  if (!found && found.error().code == base::Errc::not_found) return std::optional<Takeover>();
  if (!found) return failed(path, found.error().detail);
  if (!found->is_trusted()) return failed(path, "the process there is another user's", base::Errc::forbidden);
  Takeover takeover(std::move(*found));
  // Whoever refuses may have gone by now, but has said why.
  static_cast<void>(takeover.socket_.send(asks));
  while (true) {
    auto message = takeover.socket_.receive(base::Clock::now() + answer_max);
    if (!message) return failed(path, "the process there does not answer: " + message.error().detail);
    const std::string_view text = message->text;
    if (text.empty()) return failed(path, "the process there has gone away");
    if (text == that_is_all) break;
    if (text.starts_with(refused)) return failed(path, std::string(text));
    if (!text.starts_with(socket_for) || message->descriptors.size() != 1) {
      return failed(path, "the process there does not speak as this one does");
    }
    sockets.add(text.substr(socket_for.size()), std::move(message->descriptors.front()));
  }
  base::log_info("taking_over", {{"path", path}, {"sockets", sockets.size()}});
  return std::optional<Takeover>(std::move(takeover));
}

bool Takeover::finish() {
  if (!socket_.send(taken)) return false;
  const auto answer = socket_.receive(base::Clock::now() + answer_max);
  return answer && answer->text == yours;
}

// --- the old process ---

base::Result<std::unique_ptr<TakeoverPort>> TakeoverPort::make(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode)) return failed(path, "is there, and is no socket");
  base::Descriptor listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Beside the path, which is perhaps somebody's still.
  const std::string made_at = path + '.' + std::to_string(getpid());
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (made_at.size() >= sizeof address.sun_path) return failed(path, "is too long a path for a Unix socket");
  std::ranges::copy(made_at, address.sun_path);
  unlink(made_at.c_str());
  // The mode of the file that bind() makes is that of the socket; nobody can connect before listen().
  const bool is_made = listener && fchmod(listener.number(), S_IRUSR | S_IWUSR) == 0 &&
                       bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       listen(listener.number(), 4) == 0;
  if (!is_made) return failed(path, words_of(errno));
  return std::unique_ptr<TakeoverPort>(new TakeoverPort(std::move(listener), path, made_at));
}

TakeoverPort::TakeoverPort(base::Descriptor listener, std::string path, std::string made_at)
    : listener_(std::move(listener)), path_(std::move(path)), made_at_(std::move(made_at)) {}

TakeoverPort::~TakeoverPort() {
  if (!made_at_.empty()) unlink(made_at_.c_str());
  // Whoever has taken over has, or will have, the path.
  if (made_at_.empty() && !has_left_) unlink(path_.c_str());
}

base::Status TakeoverPort::open() {
  if (std::rename(made_at_.c_str(), path_.c_str()) != 0) return failed(path_, words_of(errno));
  made_at_.clear();
  return base::ok();
}

std::vector<int> TakeoverPort::descriptors() const {
  std::vector<int> all{listener_.number()};
  if (guest_) all.push_back(guest_->number());
  return all;
}

bool TakeoverPort::look(const Collect& collect) {
  greet();
  return guest_ && hear(collect);
}

void TakeoverPort::greet() {
  base::Descriptor accepted(accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!accepted) return;
  HandoverSocket guest(std::move(accepted));
  if (!guest.is_trusted()) return refuse(guest, "only the user that runs the gateway may take it over");
  const base::TimePoint now = base::Clock::now();
  const bool is_busy = guest_ && (has_asked_ || now < came_ + silence_max);
  if (is_busy) return refuse(guest, "another process is taking over just now");
  guest_.emplace(std::move(guest));
  came_ = now;
  has_asked_ = false;
}

void TakeoverPort::refuse(HandoverSocket& whom, std::string_view why) {
  base::log_warning("takeover_refused", {{"why", why}});
  static_cast<void>(whom.send(std::string(refused).append(why)));
}

// Hears one message, if it has come.
bool TakeoverPort::hear(const Collect& collect) {
  const auto message = guest_->receive(base::Clock::now());
  if (!message && message.error().code == base::Errc::timed_out) return false;
  const std::string_view text = message ? std::string_view(message->text) : std::string_view();
  if (text == taken && has_asked_) return true;
  if (text == asks && !has_asked_) {
    hand_over(collect);
    return false;
  }
  if (!text.empty()) refuse(*guest_, "this gateway understands no such request; is it of another version?");
  if (has_asked_) base::log_warning("takeover_given_up", {{"connections_go_on", "here"}});
  guest_.reset();
  return false;
}

void TakeoverPort::hand_over(const Collect& collect) {
  const auto offers = collect();
  if (!offers) {
    refuse(*guest_, offers.error().detail);
    guest_.reset();
    return;
  }
  has_asked_ = true;
  bool is_sent = true;
  for (const Offer& offer : *offers) {
    is_sent = is_sent && guest_->send(std::string(socket_for).append(offer.what), offer.socket);
  }
  if (is_sent && guest_->send(that_is_all)) {
    base::log_info("takeover_asked", {{"sockets", offers->size()}});
  } else {
    guest_.reset();
  }
}

void TakeoverPort::leave() {
  has_left_ = true;
  if (guest_) static_cast<void>(guest_->send(yours));
  guest_.reset();
}

}  // namespace sluice::program
