#pragma once
// TlsReloader: FRONT DOOR of TLS. Holds the certificates of the moment and replaces them whole, when their files change
// or when asked; what cannot be loaded is refused whole, and the old ones stay. Has a thread of its own, as reading
// files must not hold up a worker; it renews the keys of session tickets, too.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/settled_watch.hpp"
#include "base/snapshot.hpp"
#include "gateway/tls_certificates.hpp"
#include "gateway/tls_options.hpp"

namespace sluice::gateway {

class TlsReloader {
 public:
  struct Settings {
    std::vector<TlsFiles> files;  // not empty
    TlsVersion oldest = TlsVersion::tls_1_2;
    // Quiet time after a change, so that a certificate and its key are seen together; at most ten times this.
    std::chrono::milliseconds settle{250};
    // How often to look at the files in any case: network file systems tell of no change.
    std::chrono::milliseconds look_every{60'000};
    // Without it they are loaded again only when asked.
    bool watches = true;
    // Told of every attempt, on the reloader's thread.
    std::function<void(const base::Status& attempt)> on_attempt = {};
  };
  // Loads the certificates, which must be right the first time, and begins to watch them. Throws std::system_error if
  // the kernel gives no thread or descriptors.
  static base::Result<std::unique_ptr<TlsReloader>> start(Settings settings);
  ~TlsReloader();
  TlsReloader(const TlsReloader&) = delete;
  TlsReloader& operator=(const TlsReloader&) = delete;

  // Loads again soon, whether or not anything changed. Any thread.
  void reload();
  // For TlsWorkers and metrics; any thread.
  const base::Snapshot<TlsCertificates>& certificates() const { return *certificates_; }

 private:
  enum class Command : char { reload = 'r', stop = 's' };
  struct Woken {
    bool by_stop = false, by_reload = false;
  };

  explicit TlsReloader(Settings settings);
  base::Status load_first();
  void run();
  Woken wait(base::TimePoint until);
  void load();
  void send(Command command);

  const Settings settings_;
  const std::shared_ptr<TlsTicketKeys> ticket_keys_;
  base::SettledWatch watch_;
  std::unique_ptr<base::Snapshot<TlsCertificates>> certificates_;
  int commands_[2];  // a pipe: read end, write end
  std::thread thread_;
};

}  // namespace sluice::gateway
