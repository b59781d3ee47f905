"""What the structure tests read: the project's own files, whether committed yet or not."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _listed():
    """Every file that git would commit; without git (an unpacked archive), every file that is not built."""
    git = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(git, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    foreign = {"build", ".git", "node_modules", "__pycache__"}
    paths = [pathlib.PurePosixPath(name) for name in names if name]
    return sorted(path for path in paths if not foreign & set(path.parts) and (ROOT / path).is_file())


ALL = _listed()


def files(*suffixes, under=None):
    """Paths, relative to the root, with one of these suffixes."""
    return [path for path in ALL if path.suffix in suffixes and (under is None or path.parts[0] == under)]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def code(path):
    """A C++ file without its comments, so that a word in a sentence is not taken for code."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text(path), flags=re.DOTALL)


def includes(path):
    """What a C++ file includes: [(name, is_ours)]."""
    found = re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', text(path), flags=re.MULTILINE)
    return [(name, mark == '"') for mark, name in found]
