#include "gateway/tls_reloader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace sluice::gateway {
namespace {

std::vector<std::string> watched_paths(const TlsReloader::Settings& settings) {
  std::vector<std::string> paths;
  if (!settings.watches) return paths;
  for (const TlsFiles& one : settings.files) {
    paths.insert(paths.end(), {one.certificate, one.key, staple_file(one)});
  }
  return paths;
}

void log_loaded(std::string_view event, const TlsCertificates& certificates) {
  const auto now = std::chrono::system_clock::now();
  for (const TlsPair& pair : certificates.pairs()) {
    std::string names;
    for (const std::string& name : pair.names) names.append(names.empty() ? "" : " ").append(name);
    const auto left = std::chrono::duration_cast<std::chrono::hours>(pair.valid_until - now);
    base::log_info(event, {{"certificate", pair.files.certificate},
                           {"names", names},
                           {"days_left", left.count() / 24},
                           {"stapled", !pair.staple.empty()}});
  }
  for (const std::string& warning : certificates.warnings(now)) base::log_warning("tls_warning", {{"what", warning}});
}

}  // namespace

base::Result<std::unique_ptr<TlsReloader>> TlsReloader::start(Settings settings) {
  std::unique_ptr<TlsReloader> reloader(new TlsReloader(std::move(settings)));
  if (const auto loaded = reloader->load_first(); !loaded) return loaded.error();
  reloader->thread_ = std::thread([&one = *reloader] { one.run(); });
  return reloader;
}

TlsReloader::TlsReloader(Settings settings)
    : settings_(std::move(settings)),
      ticket_keys_(std::make_shared<TlsTicketKeys>()),
      watch_(watched_paths(settings_), {.settle = settings_.settle, .look_every = settings_.look_every}) {
  if (pipe2(commands_, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
}

TlsReloader::~TlsReloader() {
  if (thread_.joinable()) {
    send(Command::stop);
    thread_.join();
  }
  for (const int end : commands_) close(end);
}

void TlsReloader::reload() { send(Command::reload); }

// A full pipe holds more commands than anyone needs, a stop excepted; so that one waits for room.
void TlsReloader::send(Command command) {
  const char byte = static_cast<char>(command);
  while (write(commands_[1], &byte, 1) < 0) {
    if (errno == EINTR) continue;
    if (command == Command::reload) return;
    pollfd room{commands_[1], POLLOUT, 0};
    poll(&room, 1, -1);
  }
}

base::Status TlsReloader::load_first() {
  watch_.note_read();
  auto loaded = TlsCertificates::load(settings_.files, settings_.oldest, ticket_keys_);
  if (!loaded) return loaded.error();
  log_loaded("tls_loaded", **loaded);
  certificates_ = std::make_unique<base::Snapshot<TlsCertificates>>(std::move(*loaded));
  return base::ok();
}

// --- the thread ---

void TlsReloader::run() {
  auto rotate_at = base::Clock::now() + TlsTicketKeys::rotation_period;
  while (true) {
    const Woken woken = wait(std::min(rotate_at, watch_.due()));
    if (woken.by_stop) return;
    const auto now = base::Clock::now();
    const bool has_changed = watch_.has_changed(now);
    if (woken.by_reload || has_changed) load();
    if (now >= rotate_at) {
      ticket_keys_->rotate();
      rotate_at = now + TlsTicketKeys::rotation_period;
    }
  }
}

TlsReloader::Woken TlsReloader::wait(base::TimePoint until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - base::Clock::now());
  pollfd ready[]{{commands_[0], POLLIN, 0}, {watch_.descriptor(), POLLIN, 0}};
  poll(ready, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
  Woken woken;
  for (char byte; read(commands_[0], &byte, 1) == 1;) {
    (static_cast<Command>(byte) == Command::stop ? woken.by_stop : woken.by_reload) = true;
  }
  return woken;
}

void TlsReloader::load() {
  // Whatever changes from here on makes an event, and so another attempt.
  watch_.note_read();
  auto loaded = TlsCertificates::load(settings_.files, settings_.oldest, ticket_keys_);
  if (!loaded) {
    base::log_warning("tls_reload_refused", {{"why", loaded.error().detail}, {"stays", "the certificates in use"}});
  } else {
    const std::shared_ptr<const TlsCertificates> fresh = std::move(*loaded);
    certificates_->publish(fresh);
    // Behind it: whoever reads the line may count on it.
    log_loaded("tls_reloaded", *fresh);
  }
  if (settings_.on_attempt) settings_.on_attempt(loaded ? base::ok() : base::Status(loaded.error()));
}

}  // namespace sluice::gateway
