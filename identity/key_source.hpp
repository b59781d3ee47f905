#pragma once
// KeySource: FRONT DOOR of keys. Holds those of the moment and replaces them whole when a file changes, when a URL is
// due or when asked; what cannot be had or read leaves the last ones in use. Has a thread of its own, as reading files
// and fetching must not hold up a worker.

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/file_watch.hpp"
#include "base/result.hpp"
#include "base/snapshot.hpp"
#include "identity/key_set.hpp"
#include "identity/options.hpp"

namespace sluice::identity {

class KeySource {
 public:
  struct Settings {
    std::vector<std::string> secrets;
    std::vector<std::string> pem_files, jwks;  // of the latter, those that begin with http are URLs
    std::chrono::milliseconds refresh{300'000};
    // Between two fetches that nobody planned, and after one that failed.
    std::chrono::milliseconds retry{5'000};
    // Quiet time after a change of a file.
    std::chrono::milliseconds settle{100};
    // Without it files are read again only when asked.
    bool watches = true;
  };
  static Settings settings_of(const Options& options);

  // Reads what files have, which must be right the first time; a URL may be away, and is asked again. Throws
  // std::system_error if the kernel gives no thread or descriptors.
  static base::Result<std::unique_ptr<KeySource>> start(Settings settings);
  ~KeySource();
  KeySource(const KeySource&) = delete;
  KeySource& operator=(const KeySource&) = delete;

  const base::Snapshot<KeySet>& keys() const { return *keys_; }
  // A token names a key that is not there: perhaps a URL has it by now. Any thread; asks no more often than `retry`.
  void note_unknown_key() const { send('u'); }
  // Reads everything again soon. Any thread.
  void reload() const { send('r'); }

 private:
  explicit KeySource(Settings settings);
  static std::vector<std::string> watched_files(const Settings& settings);
  // `urls` are what the URLs gave last.
  base::Result<std::shared_ptr<const KeySet>> read() const;
  bool fetch();
  void publish();
  void run();
  bool wait(base::TimePoint until, bool& is_asked, bool& is_changed);
  void send(char command) const;

  const Settings settings_;
  base::FileWatch watch_;
  std::vector<std::string> fetched_;  // by URL; empty: never
  std::unique_ptr<base::Snapshot<KeySet>> keys_;
  int commands_[2];  // a pipe: read end, write end
  std::thread thread_;
};

}  // namespace sluice::identity
