#include "cluster/loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.hpp"

namespace sluice::cluster {

void Loop::start() {
  thread_ = std::thread([this] {
    const auto guard = boost::asio::make_work_guard(context_);
    context_.run();
  });
}

void Loop::stop() {
  if (!thread_.joinable()) return;
  post([this] { context_.stop(); });
  thread_.join();
}

void Loop::post(Job job) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = jobs_.empty();
    jobs_.push_back(std::move(job));
  }
  if (is_first) boost::asio::post(context_, [this] { run_jobs(); });
}

void Loop::run_jobs() {
  std::vector<Job> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
  }
  for (const Job& job : jobs) {
    try {
      job();
    } catch (const std::exception& error) {
      base::log_error("job_failed", {{"why", error.what()}});
    }
  }
}

}  // namespace sluice::cluster
