// Sends datagrams that publish into one room at a steady rate, as many senders as sockets, and counts what a member
// that speaks lines over TCP hears of it.
//   sluice-bench-udp UDP_PORT TCP_PORT RATE SECONDS SENDERS PAYLOAD_BYTES
// Prints one JSON object: what was sent and how late, what the member heard.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t batch = 32;

struct Plan {
  std::uint16_t udp_port, tcp_port;
  double rate;  // datagrams a second
  std::chrono::duration<double> over;
  std::size_t senders, payload_bytes;
};

int connected(int type, std::uint16_t port) {
  const int descriptor = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (descriptor < 0 || connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  return descriptor;
}

// A member of the room, which counts the lines that have come.
class Member {
 public:
  explicit Member(std::uint16_t port) : descriptor_(connected(SOCK_STREAM, port)) {
    constexpr std::string_view join = "{\"join\":\"udp\"}\n";
    if (write(descriptor_, join.data(), join.size()) < 0) throw std::runtime_error("cannot join");
    wait_for(1);
  }
  ~Member() { close(descriptor_); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // Reads until so many lines have come, or none comes for two seconds.
  void wait_for(std::size_t lines) {
    pollfd one{descriptor_, POLLIN, 0};
    while (lines_ < lines && poll(&one, 1, 2000) == 1) {
      const ssize_t size = read(descriptor_, bytes_.data(), bytes_.size());
      if (size <= 0) return;
      lines_ += static_cast<std::size_t>(std::count(bytes_.begin(), bytes_.begin() + size, '\n'));
    }
  }
  // Of messages: the first is the notice that it is in.
  std::size_t heard() const { return lines_ - 1; }

 private:
  const int descriptor_;
  std::size_t lines_ = 0;
  std::vector<char> bytes_ = std::vector<char>(1 << 20);
};

struct Sent {
  std::size_t datagrams = 0, refused = 0;
  double seconds = 0, late_ms = 0;
};

Sent send_all(const Plan& plan) {
  std::vector<int> sockets;
  for (std::size_t sender = 0; sender < plan.senders; ++sender) sockets.push_back(connected(SOCK_DGRAM, plan.udp_port));
  std::string datagram = R"({"publish":{"room":"udp","data":")" + std::string(plan.payload_bytes, 'x') + "\"}}";
  std::array<iovec, batch> pieces;
  std::array<mmsghdr, batch> headers{};
  for (std::size_t index = 0; index < batch; ++index) {
    pieces[index] = {datagram.data(), datagram.size()};
    headers[index].msg_hdr.msg_iov = &pieces[index];
    headers[index].msg_hdr.msg_iovlen = 1;
  }
  Sent sent;
  const auto begin = Clock::now();
  const auto count = static_cast<std::size_t>(plan.rate * plan.over.count());
  for (std::size_t turn = 0; sent.datagrams + sent.refused < count; ++turn) {
    const auto due = begin + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(double(turn * batch) / plan.rate));
    // A steady rate: sleeping would send what is due meanwhile at once.
    while (Clock::now() < due) std::this_thread::yield();
    sent.late_ms = std::max(sent.late_ms, std::chrono::duration<double, std::milli>(Clock::now() - due).count());
    const int taken = sendmmsg(sockets[turn % sockets.size()], headers.data(), batch, 0);
    sent.datagrams += static_cast<std::size_t>(std::max(taken, 0));
    sent.refused += batch - static_cast<std::size_t>(std::max(taken, 0));
  }
  sent.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  for (const int descriptor : sockets) close(descriptor);
  return sent;
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) {
    std::fprintf(stderr, "usage: %s UDP_PORT TCP_PORT RATE SECONDS SENDERS PAYLOAD_BYTES\n", words[0]);
    return 2;
  }
  const Plan plan{static_cast<std::uint16_t>(std::atoi(words[1])),
                  static_cast<std::uint16_t>(std::atoi(words[2])),
                  std::atof(words[3]),
                  std::chrono::duration<double>(std::atof(words[4])),
                  static_cast<std::size_t>(std::atoi(words[5])),
                  static_cast<std::size_t>(std::atoi(words[6]))};
  try {
    Member member(plan.tcp_port);
    const auto expected = static_cast<std::size_t>(plan.rate * plan.over.count());
    std::thread reader([&] { member.wait_for(expected + 1); });
    const Sent sent = send_all(plan);
    reader.join();
    std::printf("{\"sent\":%zu,\"refused\":%zu,\"seconds\":%.3f,\"late_ms\":%.2f,\"heard\":%zu}\n", sent.datagrams,
                sent.refused, sent.seconds, sent.late_ms, member.heard());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice-bench-udp: %s\n", error.what());
    return 1;
  }
  return 0;
}
