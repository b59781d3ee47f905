#pragma once
// What can be set about the cluster: what carries messages between nodes, where that is, and who we are to it.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/nats_settings.hpp"
#include "cluster/stream_settings.hpp"

namespace sluice::cluster {

enum class BrokerKind : std::uint8_t { embedded, nats };
inline constexpr std::array<std::string_view, 2> broker_kind_names{"embedded", "nats"};
inline constexpr std::array<std::string_view, 2> stream_storage_names{"file", "memory"};

struct Options {
  static constexpr std::string_view section = "Cluster";

  BrokerKind broker = BrokerKind::embedded;
  std::vector<std::string> nats_url;
  std::string nats_user, nats_password, nats_token, nats_credentials;
  std::string nats_ca, nats_cert, nats_key;
  std::string cluster_name = "sluice";
  std::string secret_file;
  std::size_t stream_replicas = 1;
  StreamSettings::Storage stream_storage = StreamSettings::Storage::file;
  std::size_t stream_bytes_max = std::size_t{1} << 30;

  bool is_clustered() const { return broker == BrokerKind::nats; }
  NatsSettings nats_settings(const std::string& name) const {
    return {.urls = nats_url,
            .name = name,
            .user = nats_user,
            .password = nats_password,
            .token = nats_token,
            .credentials_file = nats_credentials,
            .tls = {.ca_file = nats_ca, .certificate_file = nats_cert, .key_file = nats_key}};
  }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.choice("broker", broker, broker_kind_names,
                   {.sentence = "What carries messages between nodes: embedded, for a node that is alone, or nats."});
    visitor.option("nats-url", nats_url,
                   {.sentence = "A NATS server, such as nats://nats:4222, or tls://nats:4222 to insist on TLS; more of "
                                "its cluster may be named, and are learned."});
    visitor.option("nats-user", nats_user, {.sentence = "Who we are to NATS; goes with --nats-password."});
    visitor.option(
        "nats-password", nats_password,
        {.sentence = "Better given by the environment or the file, as others see a command line.", .is_secret = true});
    visitor.option("nats-token", nats_token,
                   {.sentence = "A token that NATS knows us by, in place of a user; better given by the environment.",
                    .is_secret = true});
    visitor.option("nats-credentials", nats_credentials,
                   {.sentence = "A file with a user's JWT and seed (.creds), in place of a user."});
    visitor.option(
        "nats-ca", nats_ca,
        {.sentence = "Who may vouch for NATS servers, in PEM; empty: whom the system trusts. Insists on TLS."});
    visitor.option("nats-cert", nats_cert,
                   {.sentence = "The certificate that we show NATS, in PEM; goes with --nats-key."});
    visitor.option("nats-key", nats_key, {.sentence = "Its key, in PEM."});
    visitor.option(
        "cluster-name", cluster_name,
        {.sentence = "Nodes that give the same name to the same NATS are one cluster; others are none of its "
                     "business.",
         .misfit = name_misfit});
    visitor.option("secret-file", secret_file,
                   {.sentence = "A file of at least 32 bytes, the same on all nodes of a cluster, by which they know "
                                "the session ids and cursors that the others gave. Needed with --broker nats; without "
                                "it a node that is alone makes one at each start."});
    visitor.option("stream-replicas", stream_replicas,
                   {.unit = "servers",
                    .min = 1,
                    .max = 5,
                    .sentence = "How many NATS servers keep the cluster's messages: 3 go on when one of them dies."});
    visitor.choice("stream-storage", stream_storage, stream_storage_names,
                   {.sentence = "Where they keep them; memory does not outlive the servers."});
    visitor.option(
        "stream-bytes-max", stream_bytes_max,
        {.unit = "bytes",
         .min = 1 << 20,
         .sentence = "How much they keep at most; the oldest messages make room, and those who resume from "
                     "before them are told of a gap. What is known of Socket.IO sockets may take half as much beside "
                     "that."});
  }

  std::vector<std::string> validate() const;

 private:
  static std::string_view name_misfit(std::string_view name);
};

}  // namespace sluice::cluster
