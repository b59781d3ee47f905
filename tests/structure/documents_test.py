"""What documents name is there: files, links, options, metrics; and nothing names one machine."""
import json
import re
import unittest

from sources import ALL, ROOT, files, text

LIFE = "docs/life-of-a-message.md"
# A path of ours in backticks or a link: it has a folder, or one of our suffixes.
NAMED = re.compile(r"`([a-z_]+(?:/[\w.-]+)*/?[\w.-]*\.(?:cpp|hpp|proto|md|sh|mjs|html|toml|py))`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def documents():
    return [path for path in files(".md") if path.parts[0] != "bench"]


def code_parts(markdown):
    """What stands in backticks and in fenced blocks."""
    return re.findall(r"```.*?```|`[^`\n]+`", markdown, flags=re.DOTALL)


class Documents(unittest.TestCase):
    def test_every_link_leads_to_a_file(self):
        broken = [f"{path}: {link}" for path in documents() for link in LINK.findall(text(path))
                  if "://" not in link and not (ROOT / path.parent / link).exists()]
        self.assertEqual(broken, [])

    def test_every_file_that_the_life_of_a_message_names_exists(self):
        named = NAMED.findall(text(LIFE))
        self.assertGreater(len(named), 10, f"{LIFE} names files by their paths")
        self.assertEqual([name for name in named if not (ROOT / name).exists()], [])

    def test_every_path_that_a_document_names_exists(self):
        """Relative to the root, to the document, or (a bare name) anywhere."""
        names = {path.name for path in ALL}
        own = {str(path.parent) for path in ALL}
        for path in documents():
            if path.parts[:2] == ("docs", "adr"):
                continue  # decisions tell of what was
            for name in NAMED.findall(text(path)):
                is_there = (ROOT / name).exists() or (ROOT / path.parent / name).exists()
                is_there = is_there or ("/" not in name and (name in names or name == "sluice.toml"))
                # A generated or example path below no folder of ours is not ours to check.
                is_ours = "/" not in name or name.split("/")[0] in own
                self.assertTrue(is_there or not is_ours, f"{path} names {name}")

    def test_every_option_that_a_document_names_exists(self):
        options = set(FLAG.findall(text("docs/options.md")))
        # Flags of the other commands, of scripts and of what the documents tell to run.
        for path in files(".cpp", under="program"):
            options |= {f"--{name}" for name in re.findall(r'\.(?:option|choice|flag)\(\s*"([a-z-]+)"', text(path))}
            options |= set(FLAG.findall(text(path)))
        for path in files(".hpp", under="program") + files(".sh") + files(".cpp", under="bench"):
            options |= set(FLAG.findall(text(path)))
            options |= {f"--{name}" for name in re.findall(r'"([a-z][a-z-]+)"', text(path))}
        foreign = {"--go_out", "--go-grpc_out", "--preset", "--build", "--target", "--no-install-recommends", "--storage", "--previous",
                   "--read-only", "--cap-drop", "--security-opt", "--stop-timeout", "--network", "--ulimit",
                   # Of helm and kubectl.
                   "--create-namespace", "--reuse-values", "--set", "--from-file", "--from-literal", "--filename", "--image",
                   "--restart", "--attach", "--rm", "--quiet", "--silent", "--fail", "--profile"}
        unknown = sorted({f"{path}: {flag}" for path in documents() for part in code_parts(text(path))
                          for flag in FLAG.findall(part) if flag not in options | foreign})
        self.assertEqual(unknown, [])

    def test_every_environment_variable_that_a_document_names_is_an_option(self):
        known = {"SLUICE_" + flag[2:].upper().replace("-", "_") for flag in FLAG.findall(text("docs/options.md"))}
        ours = {"SLUICE_BINARY", "SLUICE_WERROR", "SLUICE_TESTS", "SLUICE_CONTROL", "SLUICE_FUZZ", "SLUICE_SANITIZE",
                "SLUICE_BENCH", "SLUICE_ASSERT", "SLUICE_TEST_SCALE", "SLUICE_API_KEY", "SLUICE_URL", "SLUICE_TOKEN",
                "SLUICE_KILLS", "SLUICE_CONNECTS", "SLUICE_PROXY_SECONDS", "SLUICE_POLL_SECONDS",
                "SLUICE_OLD_BINARY"}
        named = {(str(path), name) for path in documents() for name in re.findall(r"\bSLUICE_[A-Z_]*[A-Z]\b", text(path))}
        self.assertEqual(sorted(f"{path}: {name}" for path, name in named if name not in known | ours), [])

    def test_every_metric_that_a_document_names_exists(self):
        metrics = set(re.findall(r"^\| `(\w+)`", text("docs/metrics.md"), flags=re.MULTILINE))
        self.assertGreater(len(metrics), 20)
        named = {(str(path), name) for path in documents() for name in re.findall(r"`(sluice_\w+)`", text(path))}
        targets = {"sluice_compile", "sluice_base", "sluice_workers", "sluice_gateway", "sluice_control", "sluice_proto",
                   "sluice_program"}
        self.assertEqual(sorted(f"{path}: {name}" for path, name in named if name not in metrics | targets), [])


class EveryFile(unittest.TestCase):
    def readable(self):
        for path in ALL:
            try:
                yield path, text(path)
            except UnicodeDecodeError:
                continue  # a picture or a recorded sample

    def test_no_file_names_a_path_of_one_machine(self):
        # Written in pieces, so that this file is not its own finding.
        path_of_one = re.compile("(?<![\\w./-])/(" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers"]) + ")/\\w")
        wrong = [f"{path}: {match.group()}" for path, content in self.readable()
                 for match in [path_of_one.search(content)] if match]
        self.assertEqual(wrong, [])

    def test_no_lock_file_names_a_registry(self):
        for path in ALL:
            if path.name in {"package-lock.json", ".npmrc"}:
                self.assertNotRegex(text(path), r'"resolved"|registry\s*=|https?://(?!.*(?:github|opencollective|funding))', path)

    def test_every_locked_package_runs_on_the_oldest_node_that_is_promised(self):
        """Debian 12 has Node 18; scripts/install.sh takes whatever is not older."""
        for path in ALL:
            if path.name == "package-lock.json":
                for name, package in json.loads(text(path))["packages"].items():
                    least = re.search(r"\d+", package.get("engines", {}).get("node", "0"))
                    self.assertLessEqual(int(least.group()), 18, f"{path}: {name}")

    def test_a_todo_carries_the_number_of_its_issue(self):
        todo = re.compile("\\b(" + "TO" + "DO|FIX" + "ME)\\b(?!\\(#\\d+\\))")
        wrong = [str(path) for path, content in self.readable()
                 if path.suffix in {".cpp", ".hpp", ".mjs", ".py", ".sh", ".proto"} and todo.search(content)]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
