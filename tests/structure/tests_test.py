"""A test's name is a promise, and there is one of each; a test waits for events, never for time."""
import collections
import re
import unittest

from sources import ROOT, code, files, text

GTEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
NODE = re.compile(r"\btest\(\s*(['\"])((?:(?!\1).)+)\1")


def repeated(names):
    return sorted(name for name, count in collections.Counter(names).items() if count > 1)


def unit_tests():
    return [path for path in files(".cpp", under="tests") if path.parts[1] == "unit"]


def node_tests():
    return [path for path in files(".mjs", under="tests") if path.name.endswith(".test.mjs")]


class Tests(unittest.TestCase):
    def test_every_unit_test_has_a_name_of_its_own(self):
        for folder in {path.parts[2] for path in unit_tests()}:
            own = [path for path in unit_tests() if path.parts[2] == folder]
            self.assertEqual(repeated(".".join(name) for path in own for name in GTEST.findall(code(path))), [], folder)

    def test_every_integration_test_has_a_name_of_its_own(self):
        self.assertEqual(repeated(name for path in node_tests() for _, name in NODE.findall(text(path))), [])

    def test_every_folder_of_unit_tests_mirrors_a_folder(self):
        self.assertEqual([str(path) for path in unit_tests() if not (ROOT / path.parts[2]).is_dir()], [])

    def test_no_unit_test_sleeps(self):
        sleeps = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\bsleep\(")
        self.assertEqual([str(path) for path in unit_tests() if sleeps.search(code(path))], [])

    def test_no_integration_test_has_a_port_of_its_own(self):
        """Port 0 everywhere; a port in a URL comes from the log. Port 1 is one that nobody has."""
        fixed = re.compile(r"(?:127\.0\.0\.1|\[::1?\]|localhost|0\.0\.0\.0):(?!0\b|1\b)\d+")
        # A header of a request is text, not an address that is listened on or dialled.
        allowed = {"[::1]:8082"}
        # A pod has a network of its own, in which ports are what the chart says.
        pods = {"helm", "kubernetes"}
        # They name the ports of files that are shipped, to put others in their place.
        replaced = {"tests/integration/haproxy.mjs", "tests/integration/nginx.mjs"}
        wrong = [f"{path}: {match}" for path in files(".mjs", under="tests")
                 if path.parts[1] not in pods and str(path) not in replaced
                 for match in fixed.findall(text(path)) if match not in allowed]
        self.assertEqual(wrong, [])

    def test_no_test_of_one_thing_alone_was_left_behind(self):
        left = re.compile(r"\btest\.only\(|\bonly: true|\bDISABLED_\w+|GTEST_SKIP\(\)\s*;")
        paths = unit_tests() + node_tests()
        self.assertEqual([str(path) for path in paths if left.search(text(path))], [])

    def test_what_runs_the_tests_can_be_run(self):
        for path in files(".sh"):
            self.assertTrue(text(path).startswith("#!") or path.name == "stages.sh", path)
            if text(path).startswith("#!"):
                self.assertTrue((ROOT / path).stat().st_mode & 0o100, f"{path} is not executable")


if __name__ == "__main__":
    unittest.main()
