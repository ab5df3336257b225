"""Clients and tools written in JavaScript: the scripts and programs of tests/clients, run with Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CLIENTS = Path(__file__).parent / "clients"
INSTALLED = CLIENTS / "node_modules" / ".package-lock.json"


def _missing() -> str:
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not installed"
    return "" if INSTALLED.exists() else "the packages of tests/clients are not installed: make clients"


needs_npm = pytest.mark.skipif(bool(_missing()), reason=_missing() or "npm is there")
"""For tests that run what is written in JavaScript. Where it cannot run they say why."""


def run(script: str, **said: Any) -> Any:
    """What a script of tests/clients reports, when it is told this."""
    return json.loads(_run("node", CLIENTS / script, json.dumps(said)).stdout)


def program(name: str, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A program of an npm package, run in this folder to its end, well or not."""
    return _run(CLIENTS / "node_modules" / ".bin" / name, *arguments, folder=folder, check=False)


def _run(
    *command: str | Path, folder: Path = CLIENTS, check: bool = True
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert not check or done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done
