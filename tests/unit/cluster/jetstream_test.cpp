#include "cluster/jetstream.hpp"

#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using namespace std::chrono_literals;

const StreamSettings wanted{.name = "S", .subjects = {"p.>"}, .republish = StreamSettings::Republish{"p.>", "c.>"}};

// What StoredMessage borrows, kept.
struct Kept {
  std::string subject, payload;
  std::uint64_t sequence = 0;
  bool operator==(const Kept&) const = default;
};
void PrintTo(const Kept& kept, std::ostream* out) {
  *out << kept.subject << "=" << kept.payload << "@" << kept.sequence;
}

class JetStreamTest : public NatsTest {
 protected:
  base::Result<StreamState> ensure(const StreamSettings& settings) {
    return told<StreamState>([&](auto done) { return streams_.ensure_stream(settings, IfMissing::make, done); });
  }
  base::Result<PublishReceipt> publish(const StreamPublication& publication) {
    return told<PublishReceipt>([&](auto done) { return streams_.publish(publication, done); });
  }
  base::Result<PublishReceipt> publish(std::string_view subject, std::string_view payload) {
    return publish({.message = {.subject = subject, .payload = payload}});
  }
  base::Result<Kept> kept(const std::function<base::Status(JetStream::OnStored)>& call) {
    return told<Kept>([&](auto done) {
      return call([done](const base::Result<StoredMessage>& message) {
        if (!message) return done(message.error());
        done(Kept{std::string(message->subject), std::string(message->payload), message->sequence});
      });
    });
  }

  base::TestFolder folder_;
  NatsTestServer server_{jetstream_in(folder_)};
  NatsTestClient& client_ = connect(server_);
  JetStream streams_{*client_.client, 10s};
};

TEST_F(JetStreamTest, AStreamIsMadeOnceAndFoundAgain) {
  const auto made = ensure(wanted);
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->last_sequence, 0u);
  EXPECT_LT(std::chrono::system_clock::now() - made->created, 1min);
  EXPECT_TRUE(publish("p.a", "1"));
  const auto found = ensure(wanted);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->last_sequence, 1u);
  EXPECT_EQ(found->created, made->created);
}

TEST_F(JetStreamTest, EverySettingArrivesAtTheServer) {
  StreamSettings settings = wanted;
  settings.messages_per_subject_max = 7;
  settings.messages_max = 1000;
  settings.bytes_max = 1 << 20;
  settings.age_max = 1h;
  settings.storage = StreamSettings::Storage::memory;
  settings.discard = StreamSettings::Discard::newest;
  settings.duplicate_window = 10s;
  settings.allows_rollup = settings.denies_delete = true;
  const auto made = ensure(settings);
  EXPECT_TRUE(made) << made.error().detail;
}

TEST_F(JetStreamTest, AStreamWithForeignSettingsIsNamedAndLeftAlone) {
  StreamSettings foreign = wanted;
  foreign.age_max = 1min;
  foreign.duplicate_window = 1min;
  foreign.allows_direct = false;
  ASSERT_TRUE(ensure(foreign));
  const auto found = ensure(wanted);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::already_exists);
  EXPECT_EQ(found.error().detail,
            "the stream S has other settings: max_age is 60 s, 0 s was expected; duplicate_window is 60 s, 120 s was "
            "expected; allow_direct is false, true was expected");
  EXPECT_TRUE(ensure(foreign));
}

TEST_F(JetStreamTest, WhoComesSecondFindsWhatTheFirstOneMade) {
  int made = 0, refused = 0;
  StreamSettings foreign = wanted;
  foreign.age_max = 1h;
  for (const StreamSettings& settings : {wanted, wanted, foreign}) {
    EXPECT_TRUE(streams_.ensure_stream(settings, IfMissing::make, [&](const base::Result<StreamState>& state) {
      ++(state ? made : refused);
      const std::string why = state ? std::string() : state.error().detail;
      EXPECT_TRUE(state || why.find("max_age is 0 s, 3600 s was expected") != why.npos) << why;
    }));
  }
  ASSERT_TRUE(until([&] { return made + refused == 3; }));
  EXPECT_EQ(made, 2);
}

// Of nodes that start at once one is told at times that subjects overlap: with the stream that the other one makes.
TEST_F(JetStreamTest, AllWhoMakeOneAtOnceHaveIt) {
  constexpr int clients = 6, rounds = 100;
  std::vector<JetStream> all;
  all.reserve(clients);
  for (int at = 0; at < clients; ++at) all.emplace_back(*connect(server_).client, 10s);
  for (int round = 0; round < rounds; ++round) {
    StreamSettings settings = wanted;
    settings.name = "S" + std::to_string(round);
    settings.subjects = {settings.name + ".>"};
    settings.republish.reset();
    int made = 0, refused = 0;
    for (const JetStream& one : all) {
      EXPECT_TRUE(one.ensure_stream(settings, IfMissing::make, [&](const base::Result<StreamState>& state) {
        EXPECT_TRUE(state) << state.error().detail;
        ++(state ? made : refused);
      }));
    }
    ASSERT_TRUE(until([&] { return made + refused == clients; }));
    ASSERT_EQ(refused, 0) << "in round " << round;
  }
}

TEST_F(JetStreamTest, ASubjectThatAnotherStreamHasIsToldOf) {
  ASSERT_TRUE(ensure(wanted));
  StreamSettings other = wanted;
  other.name = "T";
  other.republish.reset();
  const auto refused = ensure(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_request);
  EXPECT_EQ(refused.error().detail, "JetStream: subjects overlap with an existing stream (10065)");
}

TEST_F(JetStreamTest, WhatTheServerRefusesToMakeIsTold) {
  StreamSettings settings = wanted;
  settings.replicas = 3;
  const auto refused = ensure(settings);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().detail.starts_with("JetStream: ")) << refused.error().detail;
  settings.name = "a.b";
  EXPECT_EQ(ensure(settings).error().code, Errc::bad_request);
}

TEST_F(JetStreamTest, AnAcknowledgementTellsSequenceAndDuplicate) {
  ASSERT_TRUE(ensure(wanted));
  const StreamPublication publication{.message = {.subject = "p.a", .payload = "1"}, .message_id = "id"};
  const auto first = publish(publication);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->sequence, 1u);
  EXPECT_FALSE(first->is_duplicate);
  const auto second = publish(publication);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->sequence, 1u);
  EXPECT_TRUE(second->is_duplicate);
}

TEST_F(JetStreamTest, AnExpectedSequenceHasToBeTheLastOne) {
  ASSERT_TRUE(ensure(wanted));
  const auto expecting = [this](std::uint64_t sequence) {
    return publish({.message = {.subject = "p.a"}, .expected_last_sequence = sequence});
  };
  EXPECT_TRUE(expecting(0));
  EXPECT_TRUE(publish("p.b", "another subject"));
  EXPECT_TRUE(expecting(1));
  const auto late = expecting(1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::already_exists);
  EXPECT_EQ(late.error().detail, "JetStream: wrong last sequence: 3 (10071)");
}

TEST_F(JetStreamTest, ASubjectWithoutAStreamFailsAtOnce) {
  const auto nowhere = publish("nowhere", "1");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::unavailable);
}

TEST_F(JetStreamTest, TenThousandAreUnderWayAtOnce) {
  constexpr std::uint64_t count = 10'000;
  ASSERT_TRUE(ensure(wanted));
  std::uint64_t acknowledged = 0;
  for (std::uint64_t at = 1; at <= count; ++at) {
    const std::string id = std::to_string(at);
    ASSERT_TRUE(streams_.publish({.message = {.subject = "p.a", .payload = id}, .message_id = id},
                                 [&acknowledged, at](const base::Result<PublishReceipt>& receipt) {
                                   ASSERT_TRUE(receipt) << receipt.error().detail;
                                   EXPECT_EQ(receipt->sequence, at);
                                   ++acknowledged;
                                 }));
  }
  ASSERT_TRUE(until([&] { return acknowledged == count; }));
  EXPECT_EQ(told<StreamState>([&](auto done) { return streams_.get_state("S", done); })->messages, count);
}

TEST_F(JetStreamTest, WhatIsStoredIsReadBack) {
  ASSERT_TRUE(ensure(wanted));
  for (const auto* const subject : {"p.a", "p.b", "p.a", "p.b"}) EXPECT_TRUE(publish(subject, subject));
  EXPECT_EQ(*kept([&](auto done) { return streams_.get("S", 2, done); }), (Kept{"p.b", "p.b", 2}));
  EXPECT_EQ(*kept([&](auto done) { return streams_.get_last("S", "p.a", done); }), (Kept{"p.a", "p.a", 3}));
  EXPECT_EQ(*kept([&](auto done) { return streams_.get_next("S", "p.b", 3, done); }), (Kept{"p.b", "p.b", 4}));
  EXPECT_EQ(*kept([&](auto done) { return streams_.get_next("S", "p.*", 2, done); }), (Kept{"p.b", "p.b", 2}));
}

TEST_F(JetStreamTest, WhatIsNotThereIsNotFound) {
  ASSERT_TRUE(ensure(wanted));
  EXPECT_TRUE(publish("p.a", "1"));
  for (const auto& missing : {kept([&](auto done) { return streams_.get("S", 2, done); }),
                              kept([&](auto done) { return streams_.get_last("S", "p.b", done); }),
                              kept([&](auto done) { return streams_.get_next("S", "p.a", 2, done); })}) {
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
  }
  EXPECT_EQ(told<StreamState>([&](auto done) { return streams_.get_state("T", done); }).error().code, Errc::not_found);
}

TEST_F(JetStreamTest, AStreamThatIsNotThereDoesNotAnswerAGet) {
  const JetStream hasty(*client_.client, 50ms);
  EXPECT_EQ(kept([&](auto done) { return hasty.get("T", 1, done); }).error().code, Errc::timed_out);
}

TEST_F(JetStreamTest, AStoredMessageKeepsItsHeadersAndSaysWhen) {
  ASSERT_TRUE(ensure(wanted));
  const NatsHeader header{"Key", "value"};
  ASSERT_TRUE(publish({.message = {.subject = "p.a", .payload = "1", .headers = {&header, 1}}}));
  bool is_seen = false;
  EXPECT_TRUE(streams_.get("S", 1, [&is_seen](const base::Result<StoredMessage>& message) {
    ASSERT_TRUE(message) << message.error().detail;
    EXPECT_EQ(message->headers.find("Key"), "value");
    EXPECT_LT(std::chrono::system_clock::now() - message->stored_at, 1min);
    is_seen = true;
  }));
  ASSERT_TRUE(until([&] { return is_seen; }));
}

TEST_F(JetStreamTest, ARepublishedMessageTellsItsSequenceAndTheOneBefore) {
  ASSERT_TRUE(ensure(wanted));
  std::vector<std::string> seen;
  const auto copies = client_->subscribe("c.>", [&seen](const NatsMessage& message) {
    const auto from = RepublishedFrom::read(message);
    ASSERT_TRUE(from) << from.error().detail;
    seen.push_back(std::string(message.subject) + "<" + std::string(from->stream) + "/" + std::string(from->subject) +
                   " " + std::to_string(from->last_sequence) + ">" + std::to_string(from->sequence));
  });
  const NatsHeader forged{"Nats-Sequence", "77"};
  EXPECT_TRUE(publish("p.a", "1"));
  EXPECT_TRUE(publish("p.b", "2"));
  EXPECT_TRUE(publish({.message = {.subject = "p.a", .headers = {&forged, 1}}}));
  ASSERT_TRUE(until([&] { return seen.size() == 3; }));
  EXPECT_EQ(seen, (std::vector<std::string>{"c.a<S/p.a 0>1", "c.b<S/p.b 0>2", "c.a<S/p.a 1>3"}));
  EXPECT_EQ(*kept([&](auto done) { return streams_.get_next("S", "p.a", 2, done); }), (Kept{"p.a", "", 3}));
  EXPECT_FALSE(RepublishedFrom::read(NatsMessage()));
}

TEST_F(JetStreamTest, NothingIsLostAndNothingDoubledWhenTheServerIsKilled) {
  constexpr int count = 5'000;
  ASSERT_TRUE(ensure(wanted));
  int acknowledged = 0, failures = 0;
  std::vector<int> again;
  const auto send = [&](int number) {
    const std::string id = std::to_string(number);
    const auto take = [&, number](const base::Result<PublishReceipt>& receipt) {
      ++(receipt ? acknowledged : failures);
      if (!receipt) again.push_back(number);
    };
    const StreamPublication publication{.message = {.subject = "p.a", .payload = id}, .message_id = id};
    if (!streams_.publish(publication, take)) again.push_back(number);
  };
  // What a caller does: it tries again after a moment.
  Timer retry(loop_, [&] {
    for (const int number : std::exchange(again, {})) send(number);
    retry.set_after(10ms);
  });
  retry.set_after(10ms);
  for (int number = 0; number < count; ++number) send(number);
  ASSERT_TRUE(until([&] { return acknowledged > count / 10; }));
  server_.kill();
  server_.start();
  ASSERT_TRUE(until([&] { return acknowledged == count && client_.servers.size() == 2; }, 60s));
  EXPECT_GT(failures, 0) << "it was killed too late to show anything";
  EXPECT_EQ(told<StreamState>([&](auto done) { return streams_.get_state("S", done); })->messages,
            static_cast<std::uint64_t>(count));
}

TEST_F(NatsTest, AServerWithoutJetStreamIsTold) {
  NatsTestServer server;
  NatsTestClient& client = connect(server);
  std::string why;
  EXPECT_TRUE(JetStream(*client.client, 10s).ensure_stream(wanted, IfMissing::make, [&](const auto& state) {
    why = state.error().detail;
  }));
  ASSERT_TRUE(until([&] { return !why.empty(); }));
  EXPECT_EQ(why, "JetStream does not answer: nobody at NATS answers that subject");
}

}  // namespace
}  // namespace sluice::cluster
