#pragma once
// Gatekeeper: whether a caller may make a call, and a line in the log for each call that changes something. Immutable;
// any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/caller_identity.hpp"
#include "control/failure.hpp"
#include "control/method.hpp"
#include "control/options.hpp"
#include "identity/callers.hpp"

namespace google::protobuf {
class Message;
}

namespace sluice::control {

// What came with a call.
struct Credentials {
  std::string authorization;                   // the header, or metadata, of that name
  std::vector<std::string> alternative_names;  // of a client certificate that was verified
  std::string peer;                            // its address
};

class Gatekeeper {
 public:
  // Both outlive this.
  Gatekeeper(const CallerIdentity& identity, const Options& options) : identity_(identity), options_(options) {}

  // Whether calls need credentials at all.
  bool is_wanted() const { return identity_.is_wanted(); }
  struct Admitted {
    std::string name;                // whose credentials they are; empty: nobody's
    std::optional<Failure> refusal;  // Errc::unauthenticated or forbidden; nothing: the call may be made
  };
  Admitted admit(Method method, const Credentials& shown) const;
  // Whether --audit-log wants a line about calls of that method.
  bool audits(Method method) const;
  // Writes the line about a call that has ended, if one is wanted.
  void audit(Method method, std::string_view caller, std::string_view peer, int status,
             const google::protobuf::Message* request) const;

 private:
  Outcome<identity::Caller> caller_of(const Credentials& shown) const;
  Outcome<identity::Caller> caller_of_token(std::string_view token) const;

  const CallerIdentity& identity_;
  const Options& options_;
};

}  // namespace sluice::control
