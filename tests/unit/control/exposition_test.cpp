#include "control/exposition.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <sstream>

namespace sluice::control {
namespace {

class ExpositionTest : public testing::Test {
 protected:
  std::string text() {
    Exposed exposed{.workers = {&first, &second}, .calls = calls, .version = "1.2.3"};
    exposed.node.mailbox_depths = {4, 5};
    exposed.node.history_bytes = 77;
    exposed.node.is_ready = true;
    return metrics_text(exposed);
  }
  // True if the page has exactly this line.
  bool has(const std::string& line) { return ("\n" + text()).find("\n" + line + "\n") != std::string::npos; }

  workers::Metrics first, second;
  Metrics calls;
};

TEST_F(ExpositionTest, EachWorkersConnectionsAreShownByProtocol) {
  first.connections[1].set(7);
  second.connections[1].set(8);
  EXPECT_TRUE(has("sluice_connections{protocol=\"websocket\",worker=\"0\"} 7"));
  EXPECT_TRUE(has("sluice_connections{protocol=\"websocket\",worker=\"1\"} 8"));
  EXPECT_TRUE(has("sluice_connections{protocol=\"http\",worker=\"1\"} 0"));
}

TEST_F(ExpositionTest, SummedCountersAreSummedOverTheWorkers) {
  first.deliveries.add(3);
  second.deliveries.add(4);
  first.drops[2].add(5);
  second.drops[2].add(6);
  EXPECT_TRUE(has("sluice_deliveries_total 7"));
  EXPECT_TRUE(has("sluice_drops_total{reason=\"conflated\"} 11"));
}

TEST_F(ExpositionTest, AnAgeIsTheOldestOfAllWorkersInSeconds) {
  first.outbox_age_milliseconds.set(1500);
  second.outbox_age_milliseconds.set(250);
  EXPECT_TRUE(has("sluice_outbox_age_seconds 1.5"));
}

TEST_F(ExpositionTest, HistogramsAreCumulativeAndSummed) {
  using namespace std::chrono_literals;
  first.fan_out.observe(40us);
  first.fan_out.observe(3ms, 2);
  second.fan_out.observe(60s);
  EXPECT_TRUE(has("sluice_fan_out_seconds_bucket{le=\"5e-05\"} 1"));
  EXPECT_TRUE(has("sluice_fan_out_seconds_bucket{le=\"0.0025\"} 1"));
  EXPECT_TRUE(has("sluice_fan_out_seconds_bucket{le=\"0.005\"} 3"));
  EXPECT_TRUE(has("sluice_fan_out_seconds_bucket{le=\"10\"} 3"));
  EXPECT_TRUE(has("sluice_fan_out_seconds_bucket{le=\"+Inf\"} 4"));
  EXPECT_TRUE(has("sluice_fan_out_seconds_count 4"));
}

TEST_F(ExpositionTest, EveryLabelIsThereFromZero) {
  for (const std::string_view method : method_names) {
    for (const std::string_view status : status_names)
      EXPECT_TRUE(
          has("sluice_calls_total{method=\"" + std::string(method) + "\",status=\"" + std::string(status) + "\"} 0"));
  }
  for (const std::string_view reason : workers::ending_names)
    EXPECT_TRUE(has("sluice_connections_closed_total{reason=\"" + std::string(reason) + "\"} 0"));
  for (const std::string_view reason : workers::drop_reason_names)
    EXPECT_TRUE(has("sluice_drops_total{reason=\"" + std::string(reason) + "\"} 0"));
}

TEST_F(ExpositionTest, CallsAreCountedByMethodAndStatus) {
  calls.call_began(Method::history);
  EXPECT_TRUE(has("sluice_calls_in_progress{method=\"History\"} 1"));
  calls.call_ended(Method::history, 5, std::chrono::milliseconds(2));
  EXPECT_TRUE(has("sluice_calls_total{method=\"History\",status=\"not_found\"} 1"));
  EXPECT_TRUE(has("sluice_calls_in_progress{method=\"History\"} 0"));
  EXPECT_TRUE(has("sluice_call_seconds_bucket{method=\"History\",le=\"0.001\"} 0"));
  EXPECT_TRUE(has("sluice_call_seconds_bucket{method=\"History\",le=\"0.0025\"} 1"));
}

TEST_F(ExpositionTest, TheNodeAndTheProcessAreShown) {
  EXPECT_TRUE(has("sluice_build_info{version=\"1.2.3\"} 1"));
  EXPECT_TRUE(has("sluice_history_bytes 77"));
  EXPECT_TRUE(has("sluice_mailbox_depth{worker=\"1\"} 5"));
  EXPECT_TRUE(has("sluice_ready 1"));
  EXPECT_NE(text().find("process_resident_memory_bytes "), std::string::npos);
}

TEST_F(ExpositionTest, EachFamilyIsDeclaredOnceWithHelpAndType) {
  std::set<std::string> types, helps;
  std::istringstream page(text());
  for (std::string line; std::getline(page, line);) {
    const bool is_type = line.starts_with("# TYPE ");
    if (!is_type && !line.starts_with("# HELP ")) continue;
    EXPECT_TRUE((is_type ? types : helps).insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
  }
  EXPECT_EQ(types, helps);
  EXPECT_GT(types.size(), 40U);
}

TEST_F(ExpositionTest, NoLabelIsOneThatKubernetesSets) {
  const std::string page = text();
  for (const std::string label : {"namespace", "node", "pod", "job", "instance"}) {
    for (const char* before : {"{", ","}) EXPECT_EQ(page.find(before + label + "=\""), std::string::npos) << label;
  }
}

TEST(Exposition, TheDocumentHasARowForEachMetric) {
  const std::string text = metrics_markdown();
  EXPECT_NE(text.find("| `sluice_connections` | gauge | `protocol`: http, websocket, engineio, socketio, sse, poll, "
                      "tcp, udp; `worker` | "
                      "Connections open now. |"),
            std::string::npos);
  EXPECT_NE(text.find("| `sluice_calls_total` | counter | `method`: Publish, PublishBatch,"), std::string::npos);
  EXPECT_NE(text.find("| `process_open_fds` | gauge |  |"), std::string::npos);
}

TEST(ProcessNumbers, AreThoseOfThisProcess) {
  const ProcessNumbers before = read_process_numbers();
  const int copy = ::dup(0);
  const ProcessNumbers after = read_process_numbers();
  if (copy >= 0) {
    EXPECT_EQ(after.open_descriptors, before.open_descriptors + 1);
    ::close(copy);
  }
  EXPECT_GT(before.resident_bytes, 1'000'000U);
  EXPECT_GE(before.virtual_bytes, before.resident_bytes);
  EXPECT_GE(before.threads, 1U);
  EXPECT_GT(before.descriptors_max, before.open_descriptors);
  EXPECT_GT(before.start_seconds, 1.5e9);
}

}  // namespace
}  // namespace sluice::control
