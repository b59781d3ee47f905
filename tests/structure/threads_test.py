"""Every object belongs to one worker, or is one of the few named exceptions (docs/ARCHITECTURE.md, What stays true)."""
import re
import unittest

from sources import code, files

# Whatever locks, or is shared by threads without a lock. Nothing else may.
ALLOWED = {
    "base/byte_budget.hpp",
    "base/cell.hpp",
    "base/snapshot.hpp",
    "identity/revocations.hpp",
    "identity/revocations.cpp",
    "gateway/client_counts.hpp",  # how many clients an address or a user has
    "gateway/client_counts.cpp",
    "workers/places.hpp",  # how many clients all workers may have
    "workers/mailbox.hpp",
    "workers/mailbox.cpp",
    "workers/sequencer.cpp",
    "workers/sequencer_mirror.cpp",
    "workers/sequencer_rooms.cpp",
    "workers/sequencer_state.hpp",
    "workers/namespaces.hpp",
    "workers/namespaces.cpp",
    "cluster/loop.hpp",  # the way into its thread
    "cluster/loop.cpp",
    "cluster/nats_broker.hpp",  # what any thread may ask
    "control/event_hub.hpp",  # the queue of events to backends
    "control/event_hub.cpp",
    "control/event_hub_cluster.cpp",
    "control/event_hub_replicas.cpp",
    "control/idempotency.hpp",
    "control/idempotency.cpp",
    "control/metrics.hpp",
    "control/publish_answers.hpp",
    "control/publish_answers.cpp",
    "control/readiness_flag.hpp",
}
SHARED = re.compile(r"\bstd::(\w*mutex|atomic\w*|condition_variable\w*|lock_guard|unique_lock|scoped_lock|call_once|"
                    r"latch|barrier|counting_semaphore|binary_semaphore|jthread)\b|#include <(atomic|mutex|shared_mutex)>")
# GCC 12 miscompiles coroutines; the others are ways around the owner of an object.
FORBIDDEN = re.compile(r"\b(co_await|co_return|co_yield|enable_shared_from_this|shared_from_this|thread_local)\b")
FOLDERS = {"base", "cluster", "overload", "workers", "gateway", "control", "identity", "program"}


def own():
    return [path for path in files(".cpp", ".hpp") if path.parts[0] in FOLDERS]


class Threads(unittest.TestCase):
    def test_only_the_named_files_lock_or_share(self):
        self.assertEqual([str(path) for path in own() if SHARED.search(code(path)) and str(path) not in ALLOWED], [])

    def test_every_named_exception_still_needs_to_be_one(self):
        needed = {str(path) for path in own() if SHARED.search(code(path))}
        self.assertEqual(sorted(ALLOWED - needed), [])

    def test_nothing_goes_around_an_objects_owner(self):
        self.assertEqual([str(path) for path in own() if FORBIDDEN.search(code(path))], [])

    def test_protocol_code_touches_no_socket_clock_or_log(self):
        pure = {"frame_decoder", "utf8", "rfc6455", "rfc7692", "http_head", "request_target", "websocket_handshake",
                "base64", "origins", "inflater", "deflater"}
        pure |= {"json_object", "leases", "message_codec", "nats_headers", "nats_info", "nats_parser", "nats_protocol",
                 "nats_requests", "nats_servers", "nats_url", "nkey", "peer_codec", "pieces", "questions", "rfc3339",
                 "stream_settings", "subjects"}
        impure = re.compile(r"#include (<sys/socket\.h>|<boost/asio|<unistd\.h>|\"base/log\.hpp\")|::now\(\)|\blog_\w+\(")
        wrong = [str(path) for path in files(".cpp", ".hpp") if path.parts[0] in {"cluster", "gateway"}
                 if path.stem in pure and impure.search(code(path))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
