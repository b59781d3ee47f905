#include "workers/metrics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace sluice::workers {
namespace {

// Notes what is declared.
struct Declared {
  Declared& per_worker() { return *this; }
  Declared& summed() { return *this; }
  Declared& summed_max() { return *this; }
  template <class Cell>
  void counter(std::string_view name, const Cell&, std::string_view help) {
    add(name, help, "counter");
  }
  template <class Cell>
  void gauge(std::string_view name, const Cell&, std::string_view help) {
    add(name, help, "gauge");
  }
  template <class Cell>
  void gauge_milliseconds(std::string_view name, const Cell&, std::string_view help) {
    add(name, help, "gauge");
  }
  template <class Cell>
  void histogram(std::string_view name, const Cell&, std::string_view help) {
    add(name, help, "histogram");
  }
  template <class Cells, class Values>
  void counter(std::string_view name, const Cells& cells, std::string_view label, const Values& values,
               std::string_view help) {
    add(name, help, "counter");
    add_label(label, cells.size(), values.size());
  }
  template <class Cells, class Values>
  void gauge(std::string_view name, const Cells& cells, std::string_view label, const Values& values,
             std::string_view help) {
    add(name, help, "gauge");
    add_label(label, cells.size(), values.size());
  }

  void add(std::string_view name, std::string_view help, const char* type) {
    EXPECT_TRUE(names.insert(std::string(name)).second) << name;
    EXPECT_TRUE(name.starts_with("sluice_")) << name;
    EXPECT_TRUE(help.ends_with('.')) << name;
    EXPECT_EQ(name.ends_with("_total"), type == std::string_view("counter")) << name;
    if (type == std::string_view("histogram")) {
      EXPECT_TRUE(name.ends_with("_seconds")) << name;
    }
  }
  static void add_label(std::string_view label, std::size_t cells, std::size_t values) {
    EXPECT_EQ(cells, values) << label;
    // Kubernetes' own labels would be overwritten by a scrape.
    const std::set<std::string_view> taken{"namespace", "node", "pod", "job", "instance", "worker"};
    EXPECT_FALSE(taken.contains(label)) << label;
  }
  std::set<std::string> names;
};

TEST(Metrics, EachIsDeclaredOnceWithAUnitAndASentence) {
  Declared declared;
  const Metrics metrics;
  metrics.describe(declared);
  EXPECT_GT(declared.names.size(), 20u);
}

TEST(Metrics, EveryReasonHasAName) {
  EXPECT_EQ(name_of(EndReason::client_closed), "client_closed");
  EXPECT_EQ(name_of(EndReason::internal_error), "internal_error");
  EXPECT_EQ(drop_reason_names[static_cast<std::size_t>(DropReason::policy)], "policy");
  EXPECT_EQ(name_of(Protocol::websocket), "websocket");
}

}  // namespace
}  // namespace sluice::workers
