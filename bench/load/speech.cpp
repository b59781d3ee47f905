#include "bench/load/speech.hpp"

namespace sluice::bench {

namespace {

// A message is a frame's payload, and nothing more.
class Raw final : public Speech {
 public:
  void begin(Hearer& hearer) const override { hearer.greeted(); }
  void on_text(std::string_view text, Role, Hearer& hearer) const override { hearer.received(text); }
  void write(std::string& text, const Body& body, Nanoseconds sent, Role) const override { body.append(text, sent); }
};

// Engine.IO 4 with Socket.IO 5. Relays listen to event `message`, echoes to event `echo`.
class SocketIo final : public Speech {
 public:
  void begin(Hearer&) const override {}
  void on_text(std::string_view text, Role, Hearer& hearer) const override {
    if (text.starts_with("42[")) {
      const auto comma = text.find(',');
      if (comma != std::string_view::npos) hearer.received(text.substr(comma + 2));
    } else if (text.starts_with("40")) {
      hearer.greeted();
    } else if (text.starts_with("0")) {
      hearer.reply("40");  // Engine.IO's open: connect to the main namespace
    } else if (text.starts_with("2")) {
      hearer.reply("3");  // ping, pong
    }
  }
  void write(std::string& text, const Body& body, Nanoseconds sent, Role role) const override {
    text += role == Role::echo ? R"(42["echo",")" : R"(42["message",")";
    body.append(text, sent);
    text += R"("])";
  }
};

// Centrifuge's JSON protocol: one object a line, several lines a frame.
class Centrifuge final : public Speech {
 public:
  explicit Centrifuge(std::string channel) : channel_(std::move(channel)) {}
  void begin(Hearer& hearer) const override { hearer.reply(R"({"id":1,"connect":{}})"); }
  void on_text(std::string_view text, Role role, Hearer& hearer) const override {
    while (!text.empty()) {
      const auto end = text.find('\n');
      on_line(text.substr(0, end), role, hearer);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }
  void write(std::string& text, const Body& body, Nanoseconds sent, Role) const override {
    text += R"({"id":9,"publish":{"channel":")" + channel_ + R"(","data":")";
    body.append(text, sent);
    text += R"("}})";
  }

 private:
  void on_line(std::string_view line, Role role, Hearer& hearer) const {
    constexpr std::string_view data = R"("data":")";
    if (const auto at = line.find(data); at != std::string_view::npos) {
      hearer.received(line.substr(at + data.size()));
    } else if (line == "{}") {
      hearer.reply("{}");  // ping, pong
    } else if (line.find(R"("id":2)") != std::string_view::npos) {
      hearer.greeted();
    } else if (line.find(R"("id":1)") != std::string_view::npos) {
      if (role == Role::publisher) {
        hearer.greeted();
      } else {
        hearer.reply(R"({"id":2,"subscribe":{"channel":")" + channel_ + R"("}})");
      }
    }
  }

  std::string channel_;
};

}  // namespace

std::unique_ptr<Speech> make_speech(const Options& options) {
  switch (options.language) {
    case Language::raw:
      return std::make_unique<Raw>();
    case Language::socketio:
      return std::make_unique<SocketIo>();
    case Language::centrifuge:
      return std::make_unique<Centrifuge>(options.channel);
  }
  return nullptr;
}

}  // namespace sluice::bench
