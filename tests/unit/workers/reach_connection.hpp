#pragma once
// Lets tests of a worker's parts stand in for the worker, which alone writes these members of a connection: an explicit
// instantiation may name what is private.

#include <memory>

#include "workers/connection.hpp"

namespace sluice::workers {

template <class Tag, class T, T Connection::*member>
struct Reached {
  friend T& reach(Tag, Connection& connection) { return connection.*member; }
};

struct DescriptorOf {};
int& reach(DescriptorOf, Connection& connection);
template struct Reached<DescriptorOf, int, &Connection::descriptor_>;

struct FormatOf {};
WireFormat& reach(FormatOf, Connection& connection);
template struct Reached<FormatOf, WireFormat, &Connection::format_>;

struct GenerationOf {};
std::uint32_t& reach(GenerationOf, Connection& connection);
template struct Reached<GenerationOf, std::uint32_t, &Connection::generation_>;

struct OutboxOf {};
Outbox& reach(OutboxOf, Connection& connection);
template struct Reached<OutboxOf, Outbox, &Connection::outbox_>;

struct TransportOf {};
std::unique_ptr<Transport>& reach(TransportOf, Connection& connection);
template struct Reached<TransportOf, std::unique_ptr<Transport>, &Connection::transport_>;

struct WireOf {};
std::unique_ptr<Wire>& reach(WireOf, Connection& connection);
template struct Reached<WireOf, std::unique_ptr<Wire>, &Connection::wire_>;

}  // namespace sluice::workers
