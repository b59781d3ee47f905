#pragma once
// JetStream: FRONT DOOR of streams that keep what is published (docs.nats.io, JetStream wire API): makes and checks
// them, publishes with acknowledgements, reads back. A small handle that may be copied; the client outlives what it was
// asked. As the client, each call fails at once, and then tells nothing, or tells once, later.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cluster/nats_client.hpp"
#include "cluster/rfc3339.hpp"
#include "cluster/stream_settings.hpp"

namespace sluice::cluster {

struct StreamState {
  std::uint64_t messages = 0;
  std::uint64_t first_sequence = 0, last_sequence = 0;  // of what is there; last is 0 if nothing ever was
  std::string description = {};                         // StreamSettings
  SystemTime created = {};                              // another stream of the same name was made at another time
};

struct StreamPublication {
  NatsPublication message;  // without a reply subject
  // A second one with the same id within the stream's duplicate window stores nothing. Empty: it has none.
  std::string_view message_id = {};
  // Stores it only if that is the last one under its subject; 0: only if there is none.
  std::optional<std::uint64_t> expected_last_sequence = {};
};

struct PublishReceipt {
  std::uint64_t sequence = 0;  // of the first one, if it is a duplicate
  bool is_duplicate = false;
};

// Good as long as the call that hands it out.
struct StoredMessage {
  std::string_view subject;
  std::string_view payload;
  std::uint64_t sequence = 0;
  SystemTime stored_at = {};
  NatsHeaders headers = {};  // its own, and those by which the server tells all of this
};

// What a stream adds to a copy that it republishes. Borrows the message.
struct RepublishedFrom {
  std::string_view stream, subject;
  std::uint64_t sequence = 0;
  std::uint64_t last_sequence = 0;  // of the message before, under the same subject; 0: there was none

  // Errc::bad_request: `message` is no such copy.
  static base::Result<RepublishedFrom> read(const NatsMessage& message);
};

// What to do about a stream that is not there.
enum class IfMissing : std::uint8_t { tell, make };

class JetStream {
 public:
  using OnState = std::function<void(const base::Result<StreamState>& state)>;
  using OnReceipt = std::function<void(const base::Result<PublishReceipt>& receipt)>;
  using OnStored = std::function<void(const base::Result<StoredMessage>& message)>;
  using OnStatus = std::function<void(const base::Status& status)>;

  // Each call waits so long for its answer. Without one: Errc::timed_out; Errc::unavailable says that the connection
  // was lost, that the server has no JetStream, or that no such stream is there to take or give a message. What was
  // published then may be stored or not; publishing again with the same id tells.
  JetStream(NatsClient& client, base::Duration patience) : client_(&client), patience_(patience) {}

  // Finds the stream; one that is missing is made, or told of as Errc::not_found (certainty.hpp tells when to do
  // which). Errc::already_exists names each setting in which one is there that is another, and leaves it alone.
  base::Status ensure_stream(const StreamSettings& settings, IfMissing if_missing, OnState on_state) const;
  // Gives the stream these settings, of which the description alone may be another than it has.
  base::Status describe(const StreamSettings& settings, OnState on_state) const;
  // Errc::not_found: there is no such stream.
  base::Status get_state(std::string_view stream, OnState on_state) const;

  // As many as the client's requests_max may be under way. Errc::already_exists: `expected_last_sequence` is not the
  // last one.
  base::Status publish(const StreamPublication& publication, OnReceipt on_receipt) const;

  // Reads one back from any replica, which may be behind the last acknowledgement by a moment. Errc::not_found: there
  // is none, or none any more.
  base::Status get(std::string_view stream, std::uint64_t sequence, OnStored on_stored) const;
  base::Status get_last(std::string_view stream, std::string_view subject, OnStored on_stored) const;
  // The first one from `sequence` on whose subject fits `pattern`.
  base::Status get_next(std::string_view stream, std::string_view pattern, std::uint64_t sequence,
                        OnStored on_stored) const;
  // Likewise, but asks the stream's leader, which has all that it has acknowledged or republished.
  base::Status get_next_of_leader(std::string_view stream, std::string_view pattern, std::uint64_t sequence,
                                  OnStored on_stored) const;
  // Drops what is under that subject up to and with that sequence, whether there is any or not.
  base::Status purge(std::string_view stream, std::string_view subject, std::uint64_t upto, OnStatus on_status) const;

 private:
  using OnAnswer = std::function<void(const base::Result<JsonObject>& answer)>;
  base::Status ask(std::string_view verb, std::string_view stream, const std::string& json, OnAnswer on_answer) const;
  base::Status ask_direct(std::string_view stream, const std::string& json, OnStored on_stored) const;
  base::Status create(const StreamSettings& settings, OnState on_state) const;

  NatsClient* client_;
  base::Duration patience_;
};

}  // namespace sluice::cluster
