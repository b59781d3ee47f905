#pragma once
// PeersTest: nodes of a cluster in one loop, each with a client of its own, whose times are short.

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <optional>
#include <stdexcept>

#include "cluster/peers.hpp"
#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {

struct TestNode final : NatsClient::Listener {
  std::vector<std::string> changes;  // "came n2", in order
  workers::NodeLoad load;
  std::unique_ptr<NatsClient> client;
  std::unique_ptr<NatsPeers> peers;
  bool is_connected = false;

  NatsPeers* operator->() const { return peers.get(); }
  const workers::PeersMetrics& metrics() const { return *peers->metrics(); }

  void on_connected(const std::string&) override {
    is_connected = true;
    peers->on_connected();
  }
  void on_disconnected(const base::Error&) override {
    is_connected = false;
    peers->on_disconnected();
  }
  void on_connect_failed(const std::string&, const base::Error&) override {}
  void on_lame_duck(const std::string&) override {}
  void on_complaint(std::string_view) override {}
};

class PeersTest : public NatsTest {
 protected:
  using Nodes = std::vector<std::uint32_t>;
  using Texts = std::vector<std::string>;

  ~PeersTest() override {
    // What was posted is not run after the nodes.
    nodes_.clear();
  }

  static NatsPeers::Settings settings_of_node(std::uint32_t incarnation) {
    NatsPeers::Settings settings;
    settings.cluster_name = "test";
    settings.incarnation = incarnation;
    settings.node_name = "n" + std::to_string(incarnation);
    settings.version = "1.2.3";
    settings.beat_every = std::chrono::milliseconds(50);
    settings.times = {.lease = std::chrono::milliseconds(600),
                      .echo_patience = std::chrono::milliseconds(400),
                      .return_patience = std::chrono::milliseconds(400)};
    return settings;
  }

  // One that has not started; what it serves may still be said.
  TestNode& make(const NatsPeers::Settings& settings) {
    TestNode& node = *nodes_.emplace_back(std::make_unique<TestNode>());
    auto client = NatsClient::make(loop_, settings_of({server_.url()}), node);
    if (!client) throw std::runtime_error(client.error().detail);
    node.client = std::move(*client);
    give_peers(node, settings);
    node->watch([&node](const workers::PeerChange& change) {
      constexpr std::array<const char*, 3> names{"came ", "left ", "lost "};
      node.changes.push_back(names[static_cast<std::size_t>(change.kind)] + change.peer.name);
    });
    return node;
  }
  TestNode& make(std::uint32_t incarnation) { return make(settings_of_node(incarnation)); }

  static void start(TestNode& node) {
    node->start([&node] { return node.load; });
    node.client->start();
  }
  TestNode& start(std::uint32_t incarnation) {
    TestNode& node = make(incarnation);
    start(node);
    return node;
  }

  static Nodes others(const TestNode& node) {
    Nodes all;
    const auto others = node->others();
    for (const workers::Peer& peer : *others) all.push_back(peer.incarnation);
    return all;
  }
  // Ends it and begins anew over the same connection, which nobody sees.
  void begin_again(TestNode& node, const NatsPeers::Settings& settings) {
    node.peers.reset();
    give_peers(node, settings);
    node->start([&node] { return node.load; });
  }
  // Until each of `nodes` knows all the others of them.
  bool meet(std::initializer_list<TestNode*> nodes) {
    return until([&] {
      return std::ranges::all_of(nodes,
                                 [&](TestNode* node) { return node->peers->others()->size() == nodes.size() - 1; });
    });
  }
  // Ends it as a kill does.
  void kill(TestNode& node) {
    node.peers.reset();
    node.client.reset();
  }

  // What each answered, as "n2=payload" or "n2=name_of_error".
  Texts ask(TestNode& node, workers::Peers::To to, std::string_view kind, std::string payload,
            std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::optional<Texts> told;
    node->ask(std::move(to), kind, std::move(payload), base::Clock::now() + patience, [&told](auto answers) {
      EXPECT_FALSE(told) << "told twice";
      told.emplace();
      for (const workers::PeerAnswer& one : answers) told->push_back(text_of(one));
    });
    EXPECT_TRUE(until([&told] { return told.has_value(); }));
    return told.value_or(Texts{"nothing was told"});
  }
  static std::string text_of(const workers::PeerAnswer& answer) {
    const std::string name = answer.name.empty() ? "?" : answer.name;
    return name + "=" +
           (answer.payload ? *answer.payload : std::string(base::row_of(answer.payload.error().code).name));
  }
  // Answers at once with what it was asked, and its own number.
  static void echo(TestNode& node, std::string_view kind, const std::string& suffix) {
    node->serve(kind, [suffix](auto question, auto answer) { answer(question.payload + suffix); });
  }

  void give_peers(TestNode& node, const NatsPeers::Settings& settings) {
    const auto post = [this](std::function<void()> job) { boost::asio::post(loop_, std::move(job)); };
    node.peers = std::make_unique<NatsPeers>(loop_, post, *node.client, settings);
  }

  NatsTestServer server_{"max_payload: 8192\n"};
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

}  // namespace sluice::cluster
