#include "identity/key_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/about.hpp"
#include "base/log.hpp"
#include "base/read_file.hpp"
#include "identity/fetch.hpp"

namespace sluice::identity {
namespace {

constexpr std::size_t document_bytes_max = std::size_t{1} << 20;
constexpr std::chrono::seconds fetch_patience{10};

bool is_url(const std::string& text) { return text.starts_with("http://") || text.starts_with("https://"); }

}  // namespace

KeySource::Settings KeySource::settings_of(const Options& options) {
  Settings settings;
  settings.secrets = options.token_secret;
  settings.pem_files = options.token_keys;
  settings.jwks = options.token_jwks;
  settings.refresh = options.token_jwks_refresh_seconds;
  return settings;
}

std::vector<std::string> KeySource::watched_files(const Settings& settings) {
  if (!settings.watches) return {};
  std::vector<std::string> files = settings.pem_files;
  std::ranges::copy_if(settings.jwks, std::back_inserter(files), [](const auto& one) { return !is_url(one); });
  return files;
}

base::Result<std::unique_ptr<KeySource>> KeySource::start(Settings settings) {
  std::unique_ptr<KeySource> source(new KeySource(std::move(settings)));
  source->watch_.refresh();
  static_cast<void>(source->fetch());
  auto first = source->read();
  if (!first) return first.error();
  base::log_info("token_keys_loaded", {{"keys", (*first)->size()}});
  source->keys_ = std::make_unique<base::Snapshot<KeySet>>(std::move(*first));
  source->thread_ = std::thread([&one = *source] { one.run(); });
  return source;
}

KeySource::KeySource(Settings settings)
    : settings_(std::move(settings)), watch_(watched_files(settings_)), fetched_(settings_.jwks.size()) {
  if (pipe2(commands_, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
}

KeySource::~KeySource() {
  if (thread_.joinable()) {
    // The pipe may be full of questions.
    for (char stop = 's'; write(commands_[1], &stop, 1) < 0;) {
      pollfd room{commands_[1], POLLOUT, 0};
      if (errno != EINTR) poll(&room, 1, -1);
    }
    thread_.join();
  }
  for (const int end : commands_) close(end);
}

// A full pipe holds more than anyone needs.
void KeySource::send(char command) const {
  while (write(commands_[1], &command, 1) < 0 && errno == EINTR) continue;
}

base::Result<std::shared_ptr<const KeySet>> KeySource::read() const {
  auto keys = std::make_shared<KeySet>();
  for (const std::string& secret : settings_.secrets) {
    auto key = Key::from_secret(secret);
    if (!key) return base::about("--token-secret", key.error());
    keys->add(*std::move(key));
  }
  for (const std::string& path : settings_.pem_files) {
    const auto text = base::read_file(path);
    if (!text) return base::about("--token-keys", text.error());
    auto key = Key::from_pem(*text);
    if (!key) return base::about("--token-keys: " + path, key.error());
    keys->add(*std::move(key));
  }
  for (std::size_t at = 0; at < settings_.jwks.size(); ++at) {
    const std::string& name = settings_.jwks[at];
    if (is_url(name) && fetched_[at].empty()) continue;
    const auto text = is_url(name) ? base::Result<std::string>(fetched_[at]) : base::read_file(name);
    if (!text) return base::about("--token-jwks", text.error());
    if (const auto added = keys->add_jwks(*text); !added) return base::about("--token-jwks: " + name, added.error());
  }
  return std::shared_ptr<const KeySet>(std::move(keys));
}

// True if every URL gave a set.
bool KeySource::fetch() {
  bool is_whole = true;
  for (std::size_t at = 0; at < settings_.jwks.size(); ++at) {
    const std::string& url = settings_.jwks[at];
    if (!is_url(url)) continue;
    auto text = sluice::identity::fetch(url, document_bytes_max, fetch_patience);
    const auto status = text ? KeySet().add_jwks(*text) : base::Status(text.error());
    if (status) {
      fetched_[at] = *std::move(text);
      continue;
    }
    is_whole = false;
    base::log_warning("token_keys_not_fetched",
                      {{"url", url}, {"why", status.error().detail}, {"stays", "the keys in use"}});
  }
  return is_whole;
}

void KeySource::publish() {
  auto fresh = read();
  if (!fresh) {
    return base::log_warning("token_keys_refused", {{"why", fresh.error().detail}, {"stays", "the keys in use"}});
  }
  const std::size_t count = (*fresh)->size();
  keys_->publish(std::move(*fresh));
  base::log_info("token_keys_reloaded", {{"keys", count}});
}

// --- the thread ---

void KeySource::run() {
  const bool has_urls = std::ranges::any_of(settings_.jwks, is_url);
  std::string seen = watch_.fingerprint();
  base::TimePoint fetch_at = base::Clock::now() + settings_.refresh, may_fetch = base::Clock::now() + settings_.retry;
  if (std::ranges::any_of(settings_.jwks, [this](const auto& one) {
        return is_url(one) && fetched_[static_cast<std::size_t>(&one - settings_.jwks.data())].empty();
      })) {
    fetch_at = may_fetch;
  }
  bool is_asked = false, is_changed = false, wants_fetch = false;
  constexpr auto never = base::TimePoint::max();
  base::TimePoint settled_at = never;  // of a change that is waited out
  for (;;) {
    auto until = base::Clock::now() + settings_.refresh;
    if (has_urls) until = wants_fetch ? std::min(fetch_at, may_fetch) : fetch_at;
    if (!wait(std::min(until, settled_at), is_asked, is_changed)) return;
    // A file and its link are seen together.
    if (is_changed && settled_at == never) settled_at = base::Clock::now() + settings_.settle;
    if (base::Clock::now() >= settled_at) {
      settled_at = never;
      watch_.refresh();
      if (std::exchange(seen, watch_.fingerprint()) != seen || !settings_.watches) publish();
    }
    if (is_asked) wants_fetch = has_urls;
    const auto now = base::Clock::now();
    if (!has_urls || (now < fetch_at && !(wants_fetch && now >= may_fetch))) continue;
    const bool is_whole = fetch();
    wants_fetch = false;
    may_fetch = base::Clock::now() + settings_.retry;
    fetch_at = base::Clock::now() + (is_whole ? settings_.refresh : settings_.retry);
    publish();
  }
}

// False: stop. `is_asked`: for what URLs have now.
bool KeySource::wait(base::TimePoint until, bool& is_asked, bool& is_changed) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - base::Clock::now());
  pollfd ready[]{{commands_[0], POLLIN, 0}, {watch_.descriptor(), POLLIN, 0}};
  poll(ready, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
  is_asked = false;
  is_changed = watch_.drain();
  for (char byte; ::read(commands_[0], &byte, 1) == 1;) {
    if (byte == 's') return false;
    is_asked = true;
    is_changed = is_changed || byte == 'r';
  }
  return true;
}

}  // namespace sluice::identity
