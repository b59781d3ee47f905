#pragma once
// What clients were let in with, as nodes tell each other (proto/sluice/cluster/v1/moves.proto). Pure.

#include <memory>

#include "base/result.hpp"
#include "gateway/admission.hpp"
#include "workers/credentials.hpp"

namespace sluice::cluster::v1 {
class Admission;
class Credentials;
class Field;
}  // namespace sluice::cluster::v1

namespace sluice::gateway::credentials_codec {

// What its client is counted by is each node's own, and left out.
void put(const workers::Credentials& credentials, cluster::v1::Credentials& out);
std::shared_ptr<const workers::Credentials> take(const cluster::v1::Credentials& in);

void put(const Admission& admission, cluster::v1::Admission& out);
base::Result<Admission> take(const cluster::v1::Admission& in);

}  // namespace sluice::gateway::credentials_codec
