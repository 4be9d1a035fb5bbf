"""A store of models for each test, and jubilant at work on it."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

import charms
import jubilant
import pytest


@pytest.fixture(scope="session")
def juju_sim() -> pathlib.Path:
    """The executable that takes the place of `juju`."""
    return charms.built() / "juju-sim"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., pathlib.Path]:
    """Makes a charm, once for all tests."""
    made: dict[str, pathlib.Path] = {}
    to = tmp_path_factory.mktemp("charms")

    def build(make: Callable[..., pathlib.Path], *name: str) -> pathlib.Path:
        key = "-".join(name) or "magpie"
        if key not in made:
            made[key] = make(*name, to)
        return made[key]

    return build


@pytest.fixture(autouse=True)
def _store(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch):
    """No test sees the models of another one, or those of whoever runs it."""
    for variable in [name for name in os.environ if name.startswith("JUJU_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("JUJU_DATA", str(tmp_path / "juju"))


@pytest.fixture
def juju(juju_sim: pathlib.Path) -> jubilant.Juju:
    """Jubilant with an empty model."""
    juju = jubilant.Juju(cli_binary=juju_sim, wait_timeout=10)
    juju.add_model("testing")
    return juju
