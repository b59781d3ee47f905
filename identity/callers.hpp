#pragma once
// Callers: who may make which calls of the control plane, as a file has it: one a line,
//   NAME SCOPE[,SCOPE]... sha256:HASH    by an API key, of which the file has only the hash
//   NAME SCOPE[,SCOPE]... san:NAME       by a client certificate with that subject alternative name
// Empty lines and those that begin with # say nothing.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/snapshot.hpp"

namespace sluice::identity {

// What a caller may do. `admin` may do everything.
enum class Scope : std::uint8_t { publish, read, backend, admin };
inline constexpr std::array<std::string_view, 4> scope_names{"publish", "read", "backend", "admin"};
inline std::string_view name_of(Scope scope) { return scope_names[static_cast<std::size_t>(scope)]; }

class Scopes {
 public:
  void add(Scope scope) { bits_ |= bit(scope); }
  bool allow(Scope scope) const { return (bits_ & (bit(scope) | bit(Scope::admin))) != 0; }
  bool empty() const { return bits_ == 0; }
  // Those that are named; nothing if one of the names is of none.
  static std::optional<Scopes> of(const std::vector<std::string>& names);

 private:
  static std::uint8_t bit(Scope scope) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(scope)); }
  std::uint8_t bits_ = 0;
};

struct Caller {
  std::string name;
  Scopes scopes;
};

// A new key, of 256 random bits. That is long enough for a plain hash of it (identity/sha256.hpp) to tell nobody
// anything.
std::string make_key();

class CallerList {
 public:
  // An error names the line and says what it should be.
  static base::Result<CallerList> parse(std::string_view text);

  // Null if there is no such caller.
  const Caller* by_key(std::string_view key) const;
  const Caller* by_certificate(const std::vector<std::string>& alternative_names) const;
  std::size_t size() const { return by_hash_.size() + by_name_.size(); }

 private:
  base::Status take_line(std::string_view line);
  std::map<std::string, Caller, std::less<>> by_hash_, by_name_;
};

// The list of a file, which may be read again; one that cannot be read or is wrong leaves the last one in use.
class CallerFile {
 public:
  static base::Result<std::unique_ptr<CallerFile>> open(std::string path);

  const base::Snapshot<CallerList>& list() const { return list_; }
  // Reads the file again, and says in the log what came of it. The owner's thread.
  void reload();

 private:
  CallerFile(std::string path, std::shared_ptr<const CallerList> first)
      : path_(std::move(path)), list_(std::move(first)) {}

  const std::string path_;
  base::Snapshot<CallerList> list_;
};

}  // namespace sluice::identity
