#pragma once
// Loop: the one thread of what faces other nodes, and the way into it.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice::cluster {

class Loop {
 public:
  using Job = std::function<void()>;

  Loop() = default;
  ~Loop() { stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // What lives on the loop is made and ended with it, on its thread or while that is not running.
  boost::asio::io_context& context() { return context_; }
  // Throws std::system_error if the kernel gives no thread.
  void start();
  // Runs what was posted until now, then ends the thread. Not on it.
  void stop();
  bool is_running() const { return thread_.joinable(); }
  // Runs `job` on the loop's thread, behind what was posted before; at stop() at the latest, or never after it. Any
  // thread. Many posts, one wake-up.
  void post(Job job);

 private:
  void run_jobs();

  boost::asio::io_context context_{1};
  std::thread thread_;
  std::mutex mutex_;
  std::vector<Job> jobs_;  // under mutex_
};

}  // namespace sluice::cluster
