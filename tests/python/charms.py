"""Makes charms of their sources, without charmcraft."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import zipfile

ROOT = pathlib.Path(__file__).parents[2]
SOURCES = ROOT / "tests" / "charms"


def built() -> pathlib.Path:
    """The directory of the workspace's executables."""
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]
    metadata = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(json.loads(metadata.stdout)["target_directory"]) / "debug"


def on_ops(name: str, to: pathlib.Path) -> pathlib.Path:
    """A charm on Python's ops, with that in it as charmcraft's plugin leaves it there."""
    return _with_packages(name, to, "charms-on-ops")


def on_reactive(name: str, to: pathlib.Path) -> pathlib.Path:
    """A charm on charms.reactive, as `charm build` makes it: each hook is a copy of one template."""
    charm = _with_packages(name, to, "charms-on-reactive")
    lifecycle = ["install", "leader-elected", "config-changed", "start", "update-status", "upgrade-charm", "stop"]
    steps = ["created", "joined", "changed", "departed", "broken"]
    there = _lines(charm / "metadata.yaml")
    endpoints = [endpoint for endpoint in ("tells", "hears", "magpie") if f"  {endpoint}:" in there]
    relations = [f"{endpoint}-relation-{step}" for endpoint in endpoints for step in steps]
    actions = [line[:-1] for line in _lines(charm / "actions.yaml") if not line.startswith(" ")]
    for directory, names in (("hooks", lifecycle + relations), ("actions", actions)):
        (charm / directory).mkdir()
        for name in names:
            shutil.copy(charm / "hook.template", charm / directory / name)
            (charm / directory / name).chmod(0o755)
    return charm


def in_shell(name: str, to: pathlib.Path) -> pathlib.Path:
    """A charm that has files in `hooks/`, and needs nothing."""
    return shutil.copytree(SOURCES / name, to / name, symlinks=True)


def in_go(name: str, to: pathlib.Path) -> pathlib.Path:
    """A charm that is a Go program."""
    charm = to / name
    charm.mkdir()
    shutil.copy(SOURCES / name / "metadata.yaml", charm)
    # As a single file it needs no module, and nothing from the network.
    command = ["go", "build", "-o", str(charm / "dispatch"), "main.go"]
    subprocess.run(command, cwd=SOURCES / name, check=True, env=os.environ | {"GOPROXY": "off", "GOFLAGS": ""})
    return charm


def in_rust(name: str, to: pathlib.Path) -> pathlib.Path:
    """A charm of this workspace: its executable is its dispatch."""
    charm = to / name
    charm.mkdir()
    shutil.copy(SOURCES / name / "metadata.yaml", charm)
    _dispatch(name, charm)
    return charm


def magpie(to: pathlib.Path) -> pathlib.Path:
    """The Magpie charm of this workspace, with what `charmcraft.yaml` says of it."""
    charm = to / "magpie"
    charm.mkdir()
    shutil.copy(ROOT / "metadata.yaml", charm)
    _dispatch("magpie", charm)
    project = (ROOT / "charmcraft.yaml").read_text(encoding="utf-8")
    (charm / "config.yaml").write_text(_section(project, "config"), encoding="utf-8")
    (charm / "actions.yaml").write_text(_section(project, "actions"), encoding="utf-8")
    return charm


def packed(charm: pathlib.Path) -> pathlib.Path:
    """The archive of a charm, beside it."""
    archive = charm.with_suffix(".charm")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(charm.rglob("*")):
            zipped.write(path, path.relative_to(charm))
    return archive


def _lines(path: pathlib.Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _dispatch(name: str, charm: pathlib.Path):
    """Brings an executable of the workspace, without what debuggers need: each unit has a copy of it."""
    subprocess.run(["strip", "-o", charm / "dispatch", built() / name], check=True)


def _with_packages(name: str, to: pathlib.Path, packages: str) -> pathlib.Path:
    charm = shutil.copytree(SOURCES / name, to / name, symlinks=True)
    shutil.copytree(ROOT / "target" / packages, charm / "venv", symlinks=True)
    return charm


def _section(project: str, name: str) -> str:
    """What a section of `charmcraft.yaml` has, which is a file of its own in a charm."""
    lines = iter(project.splitlines())
    for line in lines:
        if line == f"{name}:":
            break
    inner = []
    for line in lines:
        if line and not line.startswith(" "):
            break
        inner.append(line[2:])
    return "\n".join(inner) + "\n"
