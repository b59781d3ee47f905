#pragma once
// Loop: one thread of the generator: its connections, its epoll set, and what it saw. Nothing in it is shared but the
// counters in Shared.

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "bench/load/behaviour.hpp"
#include "bench/load/connection.hpp"
#include "bench/load/histogram.hpp"
#include "bench/load/shared.hpp"

namespace sluice::bench {

// What one thread saw while the run measured; read after the thread has ended.
struct Seen {
  Histogram latency;       // of deliveries, from the time at which the message was meant to be sent
  Histogram echo_latency;  // of echoes, likewise
  Histogram connecting;    // from the first step to the greeting
  Histogram send_lag;      // how late this thread was with what it meant to send at a time
  Histogram turn;          // how long it took over what was ready at one look: what is ready meanwhile waits as long
  Nanoseconds cpu = 0, elapsed = 0;

  void merge(const Seen& other);
};

class Loop {
 public:
  // `place` is the thread's place in Shared::counters.
  Loop(Shared& shared, std::size_t place);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Before run(): one more connection. They are opened in this order.
  void add(Role role, std::size_t number) { connections_.emplace_back(*this, role, number); }
  // At most so many of this thread's connections are between connect and greeting.
  void set_concurrency(std::size_t connections) { concurrency_ = connections; }
  // Works until the phase is `stopped`.
  void run(Behaviour& behaviour);

  // Opens a connection that is not open.
  void open(Connection& connection);
  std::deque<Connection>& connections() { return connections_; }
  Seen& seen() { return seen_; }
  Shared& shared() { return shared_; }
  Counters& counters() { return shared_.counters[place_]; }
  Phase phase() const { return phase_; }
  bool is_measuring() const { return phase_ == Phase::measuring; }
  bool is_first() const { return place_ == 0; }

  // For Connection.
  void watch(int descriptor, Connection& connection);
  // A buffer that begins with `rest` and has room for much more; good until the next call.
  std::span<char> read_buffer(std::string_view rest);
  std::string& scratch() { return scratch_; }
  Inflater& inflater() { return inflater_; }
  void on_opened(Connection& connection, Nanoseconds took);
  void on_message(Connection& connection, Nanoseconds sent, Nanoseconds received) {
    behaviour_->on_message(connection, sent, received);
  }
  void count_message(Connection& connection) { behaviour_->on_unread_message(connection); }
  void on_ended(Connection& connection, bool was_connecting);
  // Prints the first few problems.
  void complain(const std::string& problem);

 private:
  void look_at_phase();
  void connect_more();
  void close_all();
  void wait(Nanoseconds until);

  Shared& shared_;
  const std::size_t place_;
  int set_;
  std::deque<Connection> connections_;
  Behaviour* behaviour_ = nullptr;
  Seen seen_;
  std::vector<char> buffer_;
  std::string scratch_;
  Inflater inflater_;
  std::size_t concurrency_ = 1, connecting_ = 0, next_ = 0, complaints_ = 0;
  Nanoseconds cpu_before_ = 0, measuring_since_ = 0;
  Phase phase_ = Phase::connecting;
};

}  // namespace sluice::bench
