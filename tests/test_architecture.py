"""The house has rooms and doors: what may stand where, and who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each may import those before it, never those after it.
LAYERS = ("config", "accounts", "forms", "collector", "sync", "app")
FOLDERS = {*LAYERS[:-1], "migrations", "tests", "bench", "docs", "deploy"}
PYTHON_FILES = {"app.py", "bootstrap.py"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
IMPORT_CALLS = {"import_module", "importlib.import_module", "__import__"}
MOST_LINES = 300
# Path below the repository: why it is better whole.
LONGER_WITH_A_REASON: dict[str, str] = {
    "app.py": "assembly: a line for each blueprint and one where it is imported",
    "migrations/versions/0001_the_first_schema.py": "one schema, written by Alembic in one piece and never edited",
    "tests/collector/test_csv.py": "the second implementation it is compared with stands beside its cases",
    "tests/collector/test_submission_xml.py": "one table of odd and hostile documents, and what each must lead to",
}


def python_files(*folders: str) -> list[Path]:
    """Our Python files below these folders, or all of them; hidden folders are tools' and not ours."""
    tops = [ROOT / folder for folder in folders] if folders else [ROOT / folder for folder in FOLDERS]
    found = [path for top in tops for path in top.rglob("*.py")]
    found += [] if folders else [ROOT / name for name in PYTHON_FILES if (ROOT / name).exists()]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import of a file, also those inside functions and those by a name in quotes."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # "from . import x" climbs: level 1 is the file's own package.
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORT_CALLS:
            yield from ((node.lineno, str(name.value)) for name in node.args[:1] if isinstance(name, ast.Constant))


def imports_of(paths: list[Path], forbidden: set[str]) -> list[str]:
    """`file:line imports module` for every import whose first name is forbidden."""
    return [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in paths
        for line, module in imported_modules(path)
        if module.split(".")[0] in forbidden
    ]


@pytest.mark.parametrize("package", LAYERS[:-1])
def test_a_package_imports_only_packages_below_it(package: str) -> None:
    forbidden = {*LAYERS[LAYERS.index(package) + 1 :], "tests", "bench", "migrations"}
    assert imports_of(python_files(package), forbidden) == []


def test_the_program_never_imports_its_tests_or_benches() -> None:
    paths = [ROOT / "app.py"] if (ROOT / "app.py").exists() else []
    assert imports_of([*paths, *python_files("migrations")], {"tests", "bench"}) == []


def test_the_simulated_phone_imports_nothing_of_ours() -> None:
    # It plays Collect by the contract; sharing the server's reading of a form would hide the server's mistakes.
    phone = ROOT / "tests" / "phone.py"
    paths = [*([phone] if phone.exists() else []), *python_files("tests/handset")]
    assert imports_of(paths, {*LAYERS, "bench", "migrations"}) == []
    foreign = [
        f"{path.name}:{line} imports {module}"
        for path in paths
        for line, module in imported_modules(path)
        if module.startswith("tests.") and not module.startswith(("tests.phone", "tests.handset"))
    ]
    assert foreign == []


def test_there_is_no_other_top_level_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert packages - FOLDERS - {"data", "demo"} == set()
    assert {path.name for path in ROOT.glob("*.py")} - PYTHON_FILES == set()


def test_every_file_is_named_for_a_thing_or_a_verb() -> None:
    vague = [path for path in python_files() if VAGUE_NAMES & {path.stem, path.parent.name}]
    assert [str(path.relative_to(ROOT)) for path in vague] == []


def test_a_file_is_short_or_has_a_reason() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    too_long = {name: count for name, count in lines.items() if count > MOST_LINES and name not in LONGER_WITH_A_REASON}
    assert too_long == {}


def test_a_reason_to_be_long_is_not_kept_for_a_file_that_is_short_or_gone() -> None:
    idle = [name for name in LONGER_WITH_A_REASON if not (ROOT / name).exists()]
    assert idle == []


def test_the_import_reader_sees_imports_in_every_disguise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_architecture.ROOT", tmp_path)
    path = tmp_path / "config" / "settings.py"
    path.parent.mkdir()
    path.write_text(
        "import sync.rules as plain\n"
        "from collector import intake\n"
        "from ..forms import xform\n"
        "def later():\n    from accounts.tokens import token\n"
        "import importlib\nimportlib.import_module('sync.jobs')\n"
    )
    found = {module for _, module in imported_modules(path)}
    assert {"sync.rules", "collector.intake", "forms.xform", "accounts.tokens.token", "sync.jobs"} <= found
