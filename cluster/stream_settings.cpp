#include "cluster/stream_settings.hpp"

#include <algorithm>

#include "base/json_text.hpp"

namespace sluice::cluster {
namespace {

const char* word(bool is_true) { return is_true ? "true" : "false"; }
const char* word(StreamSettings::Storage storage) {
  return storage == StreamSettings::Storage::file ? "file" : "memory";
}
const char* word(StreamSettings::Discard discard) { return discard == StreamSettings::Discard::oldest ? "old" : "new"; }

std::string words(std::int64_t number) { return std::to_string(number); }
std::string words(std::chrono::nanoseconds time) {
  using namespace std::chrono;
  if (time % 1s == 0s) return std::to_string(duration_cast<seconds>(time).count()) + " s";
  if (time % 1ms == 0ms) return std::to_string(duration_cast<milliseconds>(time).count()) + " ms";
  return std::to_string(time.count()) + " ns";
}
std::string words(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  std::string all;
  for (const std::string& text : texts) all.append(all.empty() ? "" : ", ").append(text);
  return all.empty() ? "none" : all;
}
std::string words(const std::string& text) { return text.empty() ? "none" : text; }

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

// Collects what differs.
class Differences {
 public:
  void compare(std::string_view setting, const std::string& is, const std::string& expected) {
    if (is == expected) return;
    if (!text_.empty()) text_ += "; ";
    text_.append(setting).append(" is ").append(is).append(", ").append(expected).append(" was expected");
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string StreamSettings::json() const {
  std::string list;
  for (const std::string& subject : subjects) list.append(list.empty() ? "" : ",").append(quoted(subject));
  std::string out = "{\"name\":" + quoted(name) + ",\"subjects\":[" + list + "],\"retention\":\"limits\"";
  const auto add = [&out](std::string_view setting, const std::string& value) {
    out.append(",\"").append(setting).append("\":").append(value);
  };
  add("max_consumers", "-1");
  add("max_msgs", words(messages_max));
  add("max_msgs_per_subject", words(messages_per_subject_max));
  add("max_bytes", words(bytes_max));
  add("max_age", std::to_string(age_max.count()));
  add("storage", quoted(word(storage)));
  add("discard", quoted(word(discard)));
  add("num_replicas", std::to_string(replicas));
  add("duplicate_window", std::to_string(duplicate_window.count()));
  add("allow_direct", word(allows_direct));
  add("allow_rollup_hdrs", word(allows_rollup));
  add("deny_delete", word(denies_delete));
  if (!description.empty()) add("description", quoted(description));
  if (republish) {
    add("republish", "{\"src\":" + quoted(republish->source) + ",\"dest\":" + quoted(republish->destination) + "}");
  }
  return out + "}";
}

std::string StreamSettings::difference(const JsonObject& config) const {
  Differences found;
  const auto number = [&](std::string_view setting, std::int64_t expected) {
    found.compare(setting, words(config.number(setting)), words(expected));
  };
  const auto time = [&](std::string_view setting, std::chrono::nanoseconds expected) {
    found.compare(setting, words(std::chrono::nanoseconds(config.number(setting))), words(expected));
  };
  const auto text = [&](std::string_view setting, const std::string& expected) {
    found.compare(setting, words(config.text(setting)), expected);
  };
  const auto truth = [&](std::string_view setting, bool expected) {
    found.compare(setting, word(config.is_true(setting)), word(expected));
  };
  found.compare("subjects", words(config.texts("subjects")), words(subjects));
  text("retention", "limits");
  number("max_msgs", messages_max);
  number("max_msgs_per_subject", messages_per_subject_max);
  number("max_bytes", bytes_max);
  time("max_age", age_max);
  text("storage", word(storage));
  text("discard", word(discard));
  number("num_replicas", replicas);
  time("duplicate_window", duplicate_window);
  truth("allow_direct", allows_direct);
  truth("allow_rollup_hdrs", allows_rollup);
  truth("deny_delete", denies_delete);
  // Without acknowledgements nobody knows what is stored; what is sealed, or another stream's copy, takes nothing.
  truth("no_ack", false);
  truth("sealed", false);
  found.compare("mirror", words(config.object("mirror").text("name")), "none");
  found.compare("sources", config.has("sources") ? "set" : "none", "none");
  const JsonObject copies = config.object("republish");
  const Republish expected = republish.value_or(Republish());
  found.compare("republish.src", words(copies.text("src")), words(expected.source));
  found.compare("republish.dest", words(copies.text("dest")), words(expected.destination));
  found.compare("republish.headers_only", word(copies.is_true("headers_only")), "false");
  return found.text();
}

bool is_stream_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7F && std::string_view(".*>/\\").find(c) == std::string_view::npos;
  });
}

}  // namespace sluice::cluster
