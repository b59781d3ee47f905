#include "cluster/nats_info.hpp"

#include "cluster/json_object.hpp"

namespace sluice::cluster {

base::Result<NatsInfo> NatsInfo::parse(std::string_view json) {
  const auto object = JsonObject::parse(json);
  if (!object) return base::fail(base::Errc::bad_request, "the server's INFO is no JSON object");
  const std::int64_t message_bytes_max = object->number("max_payload");
  if (message_bytes_max <= 0) {
    return base::fail(base::Errc::bad_request, "the server's INFO has no max_payload above 0");
  }
  NatsInfo info;
  info.server_id = object->text("server_id");
  info.server_name = object->text("server_name");
  info.version = object->text("version");
  info.cluster = object->text("cluster");
  info.nonce = object->text("nonce");
  info.connect_urls = object->texts("connect_urls");
  info.message_bytes_max = static_cast<std::size_t>(message_bytes_max);
  info.has_headers = object->is_true("headers");
  info.has_jetstream = object->is_true("jetstream");
  info.requires_tls = object->is_true("tls_required");
  info.offers_tls = info.requires_tls || object->is_true("tls_available");
  info.is_lame_duck = object->is_true("ldm");
  return info;
}

}  // namespace sluice::cluster
