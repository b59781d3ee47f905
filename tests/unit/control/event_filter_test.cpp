#include "control/event_filter.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

using workers::ClientEvent;
using Kind = ClientEvent::Kind;

ClientEvent event_of(Kind kind, std::vector<std::string> rooms = {}, const std::string& event = "message") {
  ClientEvent made;
  made.kind = kind;
  made.rooms = std::move(rooms);
  auto message = std::make_shared<workers::Message>();
  message->event = event;
  if (kind == Kind::message) made.message = message;
  return made;
}

TEST(EventFilter, TheUsualKindsPassUnlessOthersAreAskedFor) {
  const EventFilter usual;
  for (const Kind kind : {Kind::connected, Kind::disconnected, Kind::message})
    EXPECT_TRUE(usual.passes(event_of(kind)));
  for (const Kind kind : {Kind::joined, Kind::dropped, Kind::draining}) EXPECT_FALSE(usual.passes(event_of(kind)));
  const EventFilter joins(workers::kind_bit(Kind::joined), {}, {});
  EXPECT_TRUE(joins.passes(event_of(Kind::joined)));
  EXPECT_FALSE(joins.passes(event_of(Kind::message)));
}

TEST(EventFilter, PatternsHoldForWhatHasSuchAName) {
  const EventFilter filter(EventFilter::usual_kinds | workers::kind_bit(Kind::left),
                           {.namespaces = {"/a*"}, .rooms = {"vip-*", "x"}, .events = {"say"}},
                           [](base::NamespaceId id) { return id.value == 0 ? "/abc" : "/b"; });
  EXPECT_TRUE(filter.passes(event_of(Kind::connected)));
  EXPECT_TRUE(filter.passes(event_of(Kind::message, {"x"}, "say")));
  EXPECT_FALSE(filter.passes(event_of(Kind::message, {"x"}, "shout")));
  EXPECT_FALSE(filter.passes(event_of(Kind::message, {}, "say")));
  EXPECT_TRUE(filter.passes(event_of(Kind::left, {"y", "vip-1"})));
  EXPECT_FALSE(filter.passes(event_of(Kind::left, {"y"})));
  ClientEvent elsewhere = event_of(Kind::connected);
  elsewhere.name_space.value = 1;
  EXPECT_FALSE(filter.passes(elsewhere));
}

TEST(EventFilter, SameWishesAreTheSame) {
  EXPECT_EQ(EventFilter(), EventFilter(EventFilter::usual_kinds, {}, {}));
  EXPECT_FALSE(EventFilter() == EventFilter(EventFilter::usual_kinds, {.events = {"x"}}, {}));
}

}  // namespace
}  // namespace sluice::control
