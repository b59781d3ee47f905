"""Includes point one way (docs/ARCHITECTURE.md), and headers include little."""
import unittest

from sources import ROOT, code, files, includes, text

# Each folder and what it may include beside itself. Only program/ sees everything.
ARROWS = {
    "base": set(),
    "cluster": {"workers", "base", "sluice"},
    "identity": {"base"},
    "overload": {"base"},
    "workers": {"overload", "base"},
    "gateway": {"workers", "identity", "base", "sluice"},  # of it, what nodes say to each other (sluice/cluster)
    "control": {"workers", "overload", "identity", "base", "sluice"},  # sluice/v1 is what proto/ generates
    "program": {"cluster", "gateway", "control", "workers", "overload", "identity", "base", "sluice"},
}
GENERATED = "sluice"
HEAVY = ("curl/", "boost/beast", "boost/asio/ssl", "CLI/", "CLI11", "openssl/", "toml++")
GRPC = ("grpcpp/", "grpc/", "google/protobuf/", "sluice/v1/")


def folder_of(include):
    return include.split("/")[0]


def heart_and_edges():
    return [path for path in files(".cpp", ".hpp") if path.parts[0] in ARROWS]


class Includes(unittest.TestCase):
    def test_every_arrow_points_downward(self):
        wrong = [
            f"{path} includes {name}"
            for path in heart_and_edges()
            for name, is_ours in includes(path)
            if (is_ours or folder_of(name) in ARROWS)
            and folder_of(name) != path.parts[0]
            and folder_of(name) not in ARROWS[path.parts[0]]
        ]
        self.assertEqual(wrong, [])

    def test_every_include_of_ours_names_a_file_from_the_root(self):
        own = [path for path in files(".cpp", ".hpp") if path.parts[0] != "bench"]
        missing = [
            f"{path} includes {name}"
            for path in own
            for name, is_ours in includes(path)
            if is_ours and folder_of(name) != GENERATED and not (ROOT / name).exists()
        ]
        self.assertEqual(missing, [])

    def test_tests_of_the_heart_are_free_of_grpc(self):
        free = {"base", "cluster", "workers", "gateway"}
        paths = [path for path in files(".cpp", ".hpp", under="tests") if len(path.parts) > 2 and path.parts[2] in free]
        wrong = [f"{path} includes {name}" for path in paths for name, _ in includes(path)
                 if name.startswith(GRPC) or folder_of(name) in {"control", "program"}]
        self.assertEqual(wrong, [])

    def test_heavy_headers_stand_in_cpp_files_only(self):
        wrong = [f"{path} includes {name}" for path in files(".hpp") for name, _ in includes(path)
                 if name.startswith(HEAVY)]
        self.assertEqual(wrong, [])

    def test_only_headers_inside_control_show_grpc(self):
        """What others include of control/, and all that it includes in turn, costs them no gRPC header."""
        reached = {name for path in files(".cpp", ".hpp") if path.parts[0] not in {"control", "tests", "bench"}
                   for name, is_ours in includes(path) if is_ours and folder_of(name) != GENERATED}
        waiting = sorted(reached)
        while waiting:
            header = waiting.pop()
            for name, is_ours in includes(header):
                self.assertFalse(name.startswith(GRPC), f"{header} includes {name}")
                if is_ours and folder_of(name) != GENERATED and name not in reached:
                    reached.add(name)
                    waiting.append(name)
        outside = [f"{path} includes {name}" for path in files(".hpp") for name, _ in includes(path)
                   if name.startswith(GRPC) and "control" not in path.parts and path.parts[0] != "bench"]
        self.assertEqual(outside, [])


class Headers(unittest.TestCase):
    def test_every_header_begins_with_pragma_once(self):
        wrong = [str(path) for path in files(".hpp") if not text(path).startswith("#pragma once\n")]
        self.assertEqual(wrong, [])

    def test_every_header_says_first_what_it_is_for(self):
        def is_silent(path):
            lines = [line for line in text(path).splitlines() if line.strip() and not line.startswith("#pragma")]
            return not lines or not lines[0].startswith("//")

        self.assertEqual([str(path) for path in files(".hpp") if is_silent(path)], [])

    def test_no_header_has_a_using_directive(self):
        self.assertEqual([str(path) for path in files(".hpp") if "using namespace" in code(path)], [])


if __name__ == "__main__":
    unittest.main()
