#pragma once
// KeySet: the keys that tokens may be signed with. Immutable once it is built.

#include <string>
#include <string_view>
#include <vector>

#include "identity/key.hpp"

namespace sluice::identity {

class KeySet {
 public:
  void add(Key key) { keys_.push_back(std::move(key)); }
  // Adds those of a set (RFC 7517, 5) that can be used; others, of kinds that are not known here, are left out. Fails
  // if it is no set, or none of its keys can be used.
  base::Status add_jwks(std::string_view json);

  // Whether some key that fits the algorithm, and has that id if one is named, made the signature.
  bool verifies(Algorithm algorithm, std::string_view key_id, std::string_view text, std::string_view signature) const;
  // Whether there is a key that could have: a signature need not be looked at otherwise.
  bool has(Algorithm algorithm, std::string_view key_id) const;
  std::size_t size() const { return keys_.size(); }
  bool empty() const { return keys_.empty(); }

 private:
  // A key without an id may be meant by any.
  static bool is_meant(const Key& key, Algorithm algorithm, std::string_view key_id) {
    return key.fits(algorithm) && (key_id.empty() || key.id().empty() || key.id() == key_id);
  }
  std::vector<Key> keys_;
};

}  // namespace sluice::identity
