#pragma once
// SettledWatch: tells that files have changed, once whoever replaces them is done: an editor writes in pieces, and a
// certificate and its key come one after the other. Belongs to one thread, which waits; this does not.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/file_watch.hpp"

namespace sluice::base {

class SettledWatch {
 public:
  struct Times {
    // Quiet time after a change; at most ten times this is waited out.
    Duration settle = std::chrono::milliseconds(250);
    // How often to look in any case: network file systems tell of no change.
    Duration look_every = std::chrono::minutes(1);
  };
  // What the files hold now counts as known. No paths: nothing ever changes. Throws std::system_error if the kernel
  // gives no inotify.
  explicit SettledWatch(std::vector<std::string> paths, const Times& times);

  // Readable when has_changed() is to be called; due() is when in any case.
  int descriptor() const { return watch_.descriptor(); }
  TimePoint due() const { return settling_ ? settling_->until : look_at_; }
  // True if the files are not those of the last time that this said so, nor of the last note_read().
  bool has_changed(TimePoint now);
  // What the files hold now is about to be read. Whatever changes from here on is told.
  void note_read();

 private:
  struct Settling {
    TimePoint since, until;
  };

  const Times times_;
  FileWatch watch_;
  std::string seen_;  // the files' fingerprint when they were last read
  TimePoint look_at_;
  std::optional<Settling> settling_;
};

}  // namespace sluice::base
