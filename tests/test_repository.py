"""The promises of the files around the code: what is installed, built, shipped and published.

Knows nothing of orders. What needs a container engine is not run here, only read.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
LOCKS = ("requirements/dev.txt", "requirements/runtime.txt", "requirements/build.txt")

# One bracket in each keeps this file from naming what it looks for.
REGISTRY = re.compile(
    rb"p[y]pi\.org|pythonhosted[.]org|npmjs[.](org|com)|yarnpkg[.]com|deb[.]debian[.]org|anaconda[.]org",
    re.IGNORECASE,
)


def _files() -> list[Path]:
    """What git tracks, or would track once added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows them, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word]


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _locked(lock: str) -> dict[str, set[str]]:
    """Package name to the versions that a lock file may install (one for each range of Pythons)."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


def test_no_file_names_a_package_registry():
    naming = [str(path.relative_to(ROOT)) for path in _files() if REGISTRY.search(path.read_bytes())]
    assert naming == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(lock: str):
    text = re.sub(r"#.*", "", (ROOT / lock).read_text()).replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip()]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry
        assert "://" not in entry


@pytest.mark.parametrize(
    ("lock", "required"),
    [
        ("requirements/runtime.txt", PROJECT["project"]["dependencies"]),
        ("requirements/build.txt", PROJECT["build-system"]["requires"]),
        (
            "requirements/dev.txt",
            PROJECT["project"]["dependencies"]
            + PROJECT["project"]["optional-dependencies"]["embedded"]
            + [entry for entry in PROJECT["dependency-groups"]["dev"] if isinstance(entry, str)],
        ),
    ],
    ids=["runtime", "build", "dev"],
)
def test_the_lock_holds_what_the_project_asks_for(lock: str, required: list[str]):
    pins = _locked(lock)
    for wanted in map(Requirement, required):
        versions = pins.get(wanted.name.lower(), set())
        assert versions, f"{wanted.name} is not in {lock}: run make lock"
        assert all(wanted.specifier.contains(version, prereleases=True) for version in versions), wanted


def test_the_image_has_the_very_versions_that_are_tested():
    tested = _locked("requirements/dev.txt")
    for lock in ("requirements/runtime.txt", "requirements/build.txt"):
        assert _locked(lock).items() <= tested.items()


def test_the_embedded_database_is_not_in_the_image():
    assert "secantusdb" not in _locked("requirements/runtime.txt")


def test_everything_the_image_copies_exists_and_reaches_the_build():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        source
        for word, rest in _instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if source.split("/")[0] not in allowed] == []


def test_every_package_of_the_project_is_copied_into_the_image():
    copied = {rest.split()[0] for word, rest in _instructions() if word == "COPY"}
    assert set(PROJECT["tool"]["hatch"]["build"]["packages"]) <= copied


def test_the_image_does_not_run_as_root_and_says_how_it_is():
    last = max(n for n, (word, _) in enumerate(_instructions()) if word == "FROM")
    final = dict(_instructions()[last:])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final["USER"])
    assert "/health/live" in final["HEALTHCHECK"]
    assert final["EXPOSE"] == "8000"


def test_every_image_that_is_built_on_names_its_version():
    stages = {rest.split(" AS ")[1] for word, rest in _instructions() if word == "FROM" and " AS " in rest}
    images = {rest.split()[0] for word, rest in _instructions() if word == "FROM"} - stages
    images |= {service["image"] for service in COMPOSE["services"].values() if "build" not in service}
    assert all(re.search(r":\d", image) for image in images), images


def test_compose_starts_a_replica_set_the_api_and_a_worker():
    services = COMPOSE["services"]
    assert set(services) == {"mongodb", "api", "worker"}
    [replica_set] = re.findall(r"--replSet (\S+)", " ".join(services["mongodb"]["command"]))
    initiation = services["mongodb"]["healthcheck"]["test"][-1]
    assert f'_id: "{replica_set}"' in initiation
    for name in ("api", "worker"):
        assert services[name]["environment"]["MONGODB_URI"].endswith(f"?replicaSet={replica_set}")
        assert services[name]["depends_on"] == {"mongodb": {"condition": "service_healthy"}}


def test_compose_refuses_to_start_without_a_secret():
    for name in ("api", "worker"):
        secret = COMPOSE["services"][name]["environment"]["ORDERFLOW_JWT_SECRET"]
        assert re.fullmatch(r"\$\{ORDERFLOW_JWT_SECRET:\?[^}]+\}", secret)


def test_compose_keeps_the_data_and_shows_the_database_to_nobody():
    database = COMPOSE["services"]["mongodb"]
    [volume] = [mount.split(":")[0] for mount in database["volumes"]]
    assert volume in COMPOSE["volumes"]
    assert "ports" not in database
    assert all(COMPOSE["networks"][network]["internal"] for network in database["networks"])


def test_continuous_integration_runs_what_people_run():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert re.findall(r"^make (\w+)$", script.read_text(), re.MULTILINE) == ["check", "test"]


def test_make_help_lists_the_commands_that_people_are_told_of():
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    listed = set(re.findall(r"^make (\w+)", shown, re.MULTILINE))
    assert {"setup", "run", "test", "check", "fix", "bench", "schema", "docs"} <= listed


def test_the_domain_imports_only_itself_and_the_standard_library():
    imported: set[str] = set()
    for path in _modules("domain"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert imported <= sys.stdlib_module_names | {"domain"}


def test_the_domain_never_asks_what_time_it_is():
    asking = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _modules("domain")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in {"now", "utcnow", "today"}
    ]
    assert asking == []
