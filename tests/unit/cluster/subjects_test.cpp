#include "cluster/subjects.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

using workers::RoomKey;
using workers::Target;

TEST(Subjects, ANameIsOneTokenWhateverIsInIt) {
  EXPECT_EQ(subject_token("plain-Name_1"), "plain-Name_1");
  EXPECT_EQ(subject_token("a.b*c>d e"), "a=2Eb=2Ac=3Ed=20e");
  EXPECT_EQ(subject_token("="), "=3D");
  EXPECT_EQ(subject_token("\xC3\xA4"), "=C3=A4");
}

TEST(Subjects, ALongNameHasAHashThatNoShortOneHas) {
  const std::string token = subject_token(std::string(200, 'a'));
  EXPECT_EQ(token.size(), 66u);
  EXPECT_TRUE(token.starts_with("=x"));
  EXPECT_NE(token, subject_token(std::string(201, 'a')));
  EXPECT_NE(subject_token(token), token);
}

TEST(Subjects, KindsOfRoomsDoNotMeet) {
  EXPECT_EQ(Subjects::of("/", RoomKey::room("a")), "n.=2F.r.a");
  EXPECT_EQ(Subjects::of("/", RoomKey::user("a")), "n.=2F.u.a");
  EXPECT_EQ(Subjects::of("/chat", RoomKey::everyone()), "n.=2Fchat.e");
}

TEST(Subjects, ATargetOfOneRoomTravelsUnderItsName) {
  Target target;
  target.rooms = {RoomKey::room("a")};
  target.except_rooms = {RoomKey::room("b")};
  EXPECT_EQ(Subjects::of("/", target, 5), "n.=2F.r.a");
  target.rooms.push_back(RoomKey::room("b"));
  EXPECT_EQ(Subjects::of("/", target, 5), "n.=2F.m.5");
}

TEST(Subjects, ConnectionsOfOneNodeAreItsBusinessAlone) {
  Target target;
  target.connections = {{0xAB, {}, 1, 1}, {0xAB, {}, 2, 1}};
  EXPECT_EQ(Subjects::of("/", target, 5), "n.=2F.d.000000AB");
  target.connections.push_back({0xCD, {}, 1, 1});
  EXPECT_EQ(Subjects::of("/", target, 5), "n.=2F.m.5");
  target.connections.pop_back();
  target.rooms = {RoomKey::room("a")};
  EXPECT_EQ(Subjects::of("/", target, 5), "n.=2F.m.5");
}

TEST(Subjects, AClusterHasItsOwn) {
  const Subjects subjects("prod");
  EXPECT_EQ(subjects.stream(), "SLUICE_prod");
  EXPECT_EQ(subjects.all_stored(), "sluice.prod.p.>");
  EXPECT_EQ(subjects.copy("t"), "sluice.prod.c.t");
}

}  // namespace
}  // namespace sluice::cluster
