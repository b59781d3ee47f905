#pragma once
// Foreground: a command that goes on until somebody has had enough of it: by SIGINT or SIGTERM, or since who reads its
// standard output has left, as `head -1` does. Neither is a failure.

#include <array>
#include <chrono>
#include <string_view>

namespace sluice::program {

class Foreground {
 public:
  // Blocks the signals in this thread and all that it will start. Throws std::system_error if that cannot be, or if
  // there is no standard output.
  Foreground();
  ~Foreground();
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;

  // True from the first signal on, or once the reader has left.
  bool is_over();
  // Waits; false if it was over before the time was.
  bool wait(std::chrono::milliseconds duration);
  // Writes to standard output, at once; waits for a slow reader. False if it was over before all was written. Throws
  // std::system_error if it cannot be written, as on a disk that is full.
  bool write(std::string_view text);
  // Whoever waits for something else, too, waits for these, the second with no event wanted; then asks is_over().
  std::array<int, 2> descriptors() const;

 private:
  void look(short wanted, std::chrono::milliseconds patience);

  int signals_;
  bool is_over_ = false;
  bool has_room_ = false;
};

}  // namespace sluice::program
