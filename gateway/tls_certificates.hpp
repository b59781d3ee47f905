#pragma once
// TlsCertificates: all that TLS towards clients needs to begin a handshake: certificates, keys and rules, loaded from
// files and checked. Immutable once loaded, so every worker uses the same one.

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "gateway/tls_handles.hpp"
#include "gateway/tls_options.hpp"
#include "gateway/tls_pair.hpp"
#include "gateway/tls_ticket_keys.hpp"

namespace sluice::gateway {

class TlsCertificates {
 public:
  // Loads all pairs or none; `files` is not empty. The error names the file and what is wrong with it. `ticket_keys`
  // outlast a reload, or every client would have to begin anew.
  static base::Result<std::shared_ptr<const TlsCertificates>> load(std::span<const TlsFiles> files, TlsVersion oldest,
                                                                   std::shared_ptr<const TlsTicketKeys> ticket_keys);
  TlsCertificates(const TlsCertificates&) = delete;
  TlsCertificates& operator=(const TlsCertificates&) = delete;

  // Begins the server's side of a connection, which needs this until its handshake is done. Throws std::bad_alloc.
  SslHandle begin() const;
  // In the order of the options.
  const std::vector<TlsPair>& pairs() const { return pairs_; }
  // When the first of them expires; for a metric.
  TlsPair::Time valid_until() const;
  // A sentence for each thing that clients may stumble over at `now`.
  std::vector<std::string> warnings(TlsPair::Time now) const;

  // The context for a client that asks for `name`; null: nothing here has that name. A name of its own goes before a
  // wildcard, and the first pair before later ones.
  ssl_ctx_st* find(std::string_view name) const;
  // The OCSP response for `certificate` that is still good at `now`; empty if there is none.
  std::string_view staple_of(const x509_st* certificate, TlsPair::Time now) const;

 private:
  explicit TlsCertificates(std::shared_ptr<const TlsTicketKeys> ticket_keys) : ticket_keys_(std::move(ticket_keys)) {}
  base::Status add(TlsPair pair, TlsVersion oldest);
  base::Result<ssl_ctx_st*> context_for(const TlsPair& pair, TlsVersion oldest);

  std::shared_ptr<const TlsTicketKeys> ticket_keys_;
  std::vector<TlsPair> pairs_;
  // Pairs of the same names and different kinds of keys share one, which then serves each client what it understands.
  struct Served {
    SslContextHandle context;
    std::vector<std::size_t> pairs;
  };
  std::vector<Served> served_;
  std::unordered_map<std::string, ssl_ctx_st*> by_name_;
};

}  // namespace sluice::gateway
