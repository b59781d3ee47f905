#include "tests/unit/cluster/nats_test_server.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sluice::cluster {
namespace {

// Told of each change of a folder's files.
class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder) : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    inotify_add_watch(descriptor_, folder.c_str(), IN_MODIFY | IN_CREATE);
  }
  ~FolderWatch() { close(descriptor_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Until something changed, or a moment has passed.
  void wait() const {
    pollfd changed{descriptor_, POLLIN, 0};
    poll(&changed, 1, 200);
    std::array<char, 4096> events;
    while (read(descriptor_, events.data(), events.size()) > 0) continue;
  }

 private:
  const int descriptor_;
};

pid_t run(const std::string& configuration_file) {
  const pid_t process = fork();
  if (process != 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execlp("nats-server", "nats-server", "-c", configuration_file.c_str(), nullptr);
  execl("/usr/sbin/nats-server", "nats-server", "-c", configuration_file.c_str(), nullptr);
  _exit(127);
}

}  // namespace

NatsTestServer::NatsTestServer(std::string configuration) : configuration_(std::move(configuration)) { start(); }

NatsTestServer::~NatsTestServer() { kill(); }

void NatsTestServer::start() {
  const std::string listen = "127.0.0.1:" + std::to_string(port_ == 0 ? -1 : static_cast<int>(port_));
  folder_.write("server.conf", "listen: \"" + listen + "\"\nlog_file: \"" + folder_.path("server.log") + "\"\n" +
                                   configuration_ + "\n");
  log_begin_ = read_log().size();
  process_ = run(folder_.path("server.conf"));
  port_ = static_cast<std::uint16_t>(std::stoi(wait_for("Listening for client connections on 127.0.0.1:")));
  wait_for("Server is ready");
}

std::string NatsTestServer::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

std::string NatsTestServer::read_log() const {
  std::ostringstream text;
  text << std::ifstream(folder_.path("server.log")).rdbuf();
  return std::move(text).str();
}

std::string NatsTestServer::wait_for(std::string_view text) {
  const FolderWatch watch(folder_.path("."));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::string log = read_log();
    const std::size_t found = log.find(text, log_begin_);
    const std::size_t end = found == std::string::npos ? found : log.find('\n', found);
    if (end != std::string::npos) {
      return log.substr(found + text.size(), end - found - text.size());
    }
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      throw std::runtime_error("nats-server ended; scripts/install.sh test installs it. Its log: " + log);
    }
    watch.wait();
  }
  throw std::runtime_error("nats-server never said: " + std::string(text));
}

void NatsTestServer::kill() { end_by(SIGKILL); }
void NatsTestServer::stop() { end_by(SIGINT); }

void NatsTestServer::end_by(int number) {
  if (process_ <= 0) return;
  ::kill(process_, number);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void NatsTestServer::signal(int number) const { ::kill(process_, number); }

std::string jetstream_in(const base::TestFolder& folder) {
  return "jetstream: { store_dir: \"" + folder.path("jetstream") + "\" }\n";
}

}  // namespace sluice::cluster
