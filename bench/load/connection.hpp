#pragma once
// Connection: one client of the server: connects, upgrades, greets, then sends and receives. Belongs to one Loop.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/load/frames.hpp"
#include "bench/load/inflater.hpp"
#include "bench/load/socket.hpp"
#include "bench/load/speech.hpp"

namespace sluice::bench {

class Loop;

class Connection final : private Hearer {
 public:
  // `number` tells the connection from all others of the run, over all threads.
  Connection(Loop& loop, Role role, std::size_t number) : loop_(loop), number_(number), role_(role) {}

  Role role() const { return role_; }
  bool is_open() const { return state_ == State::open; }

  // Starts to connect; again after it has ended.
  void open();
  // `events` are epoll's.
  void on_ready(std::uint32_t events);
  // Sends one message that says it was sent at `sent`.
  void send_message(Nanoseconds sent);
  // Begins WebSocket's closing handshake; the connection ends as finished.
  void send_close();
  // Ends the connection at once, by a reset.
  void finish();

 private:
  enum class State : std::uint8_t { idle, connecting, securing, upgrading, greeting, open, closing };

  void reply(std::string_view text) override;
  void greeted() override;
  void received(std::string_view message) override;

  // Whoever is no listener speaks WebSocket.
  Access access() const;
  const std::string& path() const;
  void advance_to_upgrade();
  void send_request();
  void send_upgrade();
  void send_get(std::string_view more_of_query);
  void read(bool until_end);
  std::size_t parse(std::string_view bytes);
  // These give how much of `bytes` they used; 0 if what they begin with is not whole.
  std::size_t parse_answer(std::string_view bytes);
  std::size_t parse_part(std::string_view bytes);
  std::size_t parse_frame(std::string_view bytes);
  std::size_t parse_event(std::string_view bytes);
  std::size_t refuse_answer(std::string_view bytes);
  std::size_t begin_held_poll(std::string_view head, std::string_view bytes);
  void on_frame(const Frame& frame);
  void on_data(const Frame& frame);
  void on_message(std::string_view payload, bool is_deflated);
  void flush();
  void on_ended();

  Loop& loop_;
  const std::size_t number_;
  Socket socket_;
  Nanoseconds began_ = 0;     // when it started to connect
  Nanoseconds received_ = 0;  // when the bytes being read were taken
  std::string rest_;          // the beginning of a frame or an answer whose end is still to come
  std::string out_;           // what the kernel did not take yet
  std::string fragments_;
  std::unique_ptr<Inflater> own_inflater_;  // only if the server keeps context from message to message
  const Role role_;
  State state_ = State::idle;
  bool keeps_context_ = false;
  bool is_fragment_deflated_ = false;
};

}  // namespace sluice::bench
