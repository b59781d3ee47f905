#include "base/option_file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "base/option_values.hpp"
#include "base/read_file.hpp"

namespace sluice::base {
namespace {

// Gives one value as a flag would have it; nothing for what no flag can have (a date, a table, an array).
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return text_of_decimal(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

FileKey file_key(const toml::key& name, const toml::node& node) {
  FileKey key{std::string(name.str()), name.source().begin.line, node.is_array(), {}, {}};
  if (node.is_table()) {
    key.problem = "is a table; keys stand alone and are the names of flags";
    return key;
  }
  const auto keep = [&key](const toml::node& value) {
    if (auto text = text_of(value)) {
      key.values.push_back(*std::move(text));
    } else {
      key.problem = "is neither text, number, true or false, nor a list of these";
    }
  };
  if (const auto* list = node.as_array()) {
    for (const toml::node& value : *list) keep(value);
  } else {
    keep(node);
  }
  return key;
}

}  // namespace

Result<std::vector<FileKey>> read_option_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  try {
    const toml::table table = toml::parse(text.value(), path);
    std::vector<FileKey> keys;
    for (const auto& [name, node] : table) keys.push_back(file_key(name, node));
    std::sort(keys.begin(), keys.end(), [](const FileKey& a, const FileKey& b) { return a.line < b.line; });
    return keys;
  } catch (const toml::parse_error& error) {
    return fail(Errc::bad_request, path + ":" + std::to_string(error.source().begin.line) +
                                       ": is not TOML: " + std::string(error.description()));
  }
}

}  // namespace sluice::base
