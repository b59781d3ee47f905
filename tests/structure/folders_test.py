"""Each folder explains itself and lists its files; files stay small and have names that say something."""
import unittest

from sources import ALL, ROOT, files, text

CODE = (".cpp", ".hpp", ".mjs", ".py", ".sh", ".proto")
LINES_MAX = 400
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "stuff"}


def cpp_folders():
    """The folders that are C++ targets of the program itself."""
    return sorted({path.parts[0] for path in files(".cpp") if len(path.parts) == 2})


class Folders(unittest.TestCase):
    def test_every_top_folder_of_code_has_a_readme(self):
        missing = [folder for folder in cpp_folders() + ["proto"] if not (ROOT / folder / "README.md").exists()]
        self.assertEqual(missing, [])

    def test_every_readme_of_a_folder_begins_with_its_name_and_a_sentence(self):
        for folder in cpp_folders() + ["proto"]:
            if not (ROOT / folder / "README.md").exists():
                continue  # the test above tells
            lines = text(f"{folder}/README.md").splitlines()
            self.assertRegex(lines[0], rf"^# `?{folder}\b", folder)
            self.assertTrue(any(line.strip() for line in lines[1:]), folder)

    def test_every_edge_says_what_can_be_set_and_watched(self):
        """base/ has no need; program/ has no options and no metrics of its own."""
        for folder in ("workers", "gateway", "control"):
            for name in ("options.hpp", "metrics.hpp"):
                if folder == "gateway" and name == "metrics.hpp":
                    continue  # what a client's wire counts is in workers/metrics.hpp
                self.assertTrue((ROOT / folder / name).exists(), f"{folder}/{name}")

    def test_every_target_lists_its_files(self):
        for path in files(".cpp"):
            folder = path.parent
            if path.parts[:2] == ("bench", "peers"):
                continue  # other projects' servers, built against checkouts of theirs
            build = ROOT / folder / "CMakeLists.txt"
            self.assertTrue(build.exists(), f"{folder} has no CMakeLists.txt for {path.name}")
            self.assertIn(path.name, build.read_text(encoding="utf-8"), f"{build} does not list {path.name}")

    def test_no_target_gathers_files_by_a_pattern(self):
        builds = [path for path in ALL if path.name == "CMakeLists.txt" or path.suffix == ".cmake"]
        self.assertEqual([str(path) for path in builds if "GLOB" in text(path)], [])


class Files(unittest.TestCase):
    def test_no_file_has_more_lines_than_it_may(self):
        counted = [(path, len(text(path).splitlines())) for path in files(*CODE)]
        self.assertEqual([f"{path}: {lines} lines" for path, lines in counted if lines > LINES_MAX], [])

    def test_no_file_is_named_after_nothing(self):
        self.assertEqual([str(path) for path in files(*CODE) if EMPTY_WORDS & set(path.stem.split("_"))], [])

    def test_every_text_ends_with_a_line_break_and_has_no_tabs_or_trailing_blanks(self):
        for path in files(*CODE, ".md", ".txt", ".cmake"):
            content = text(path)
            if not content:
                continue
            self.assertTrue(content.endswith("\n"), path)
            for number, line in enumerate(content.splitlines(), 1):
                self.assertEqual(line, line.rstrip(), f"{path}:{number}")
                self.assertFalse("\t" in line and path.suffix in {".cpp", ".hpp", ".py", ".mjs"}, f"{path}:{number}")


if __name__ == "__main__":
    unittest.main()
