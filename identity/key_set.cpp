#include "identity/key_set.hpp"

#include <algorithm>

#include "base/json_scanner.hpp"

namespace sluice::identity {

base::Status KeySet::add_jwks(std::string_view json) {
  const auto malformed = base::fail(base::Errc::bad_request, "it is no JSON Web Key Set: an object with an array keys");
  const auto members = base::json_members(json);
  if (!members) return malformed;
  const auto found = std::ranges::find(*members, "\"keys\"", &base::JsonMember::name);
  const auto elements = found == members->end() ? std::nullopt : base::json_elements(found->value);
  if (!elements) return malformed;
  constexpr std::size_t keys_max = 100;
  if (elements->size() > keys_max) return base::fail(base::Errc::too_many, "it has more than 100 keys");
  std::string why = "there is none in it";
  std::size_t added = 0;
  for (const std::string_view element : *elements) {
    auto key = Key::from_jwk(element);
    if (key) {
      add(*std::move(key));
      ++added;
    } else {
      why = key.error().detail;
    }
  }
  if (added == 0) return base::fail(base::Errc::bad_request, "none of its keys can be used: " + why);
  return base::ok();
}

bool KeySet::verifies(Algorithm algorithm, std::string_view key_id, std::string_view text,
                      std::string_view signature) const {
  return std::ranges::any_of(keys_, [&](const Key& key) {
    return is_meant(key, algorithm, key_id) && key.verifies(algorithm, text, signature);
  });
}

bool KeySet::has(Algorithm algorithm, std::string_view key_id) const {
  return std::ranges::any_of(keys_, [&](const Key& key) { return is_meant(key, algorithm, key_id); });
}

}  // namespace sluice::identity
