"""Charms in five languages side by side in one model, related to each other."""

from __future__ import annotations

import itertools
import os
import pathlib
import shutil
from collections.abc import Callable

import charms
import jubilant
import pytest

MAKERS = {
    "go": charms.in_go,
    "ops": charms.on_ops,
    "reactive": charms.on_reactive,
    "rust": charms.in_rust,
    "shell": charms.in_shell,
}


@pytest.fixture
def languages() -> list[str]:
    """Those whose tools are here."""
    if shutil.which("go") or os.environ.get("CI"):
        return sorted(MAKERS)
    # Seen at the end of the run: nothing else says that one is missing.
    print("\nSKIPPED: there is no Go here, so the charm in Go is left out\n")
    return sorted(MAKERS.keys() - {"go"})


def test_charms_in_five_languages_see_each_others_databags(
    juju: jubilant.Juju,
    languages: list[str],
    built: Callable[..., pathlib.Path],
    capsys: pytest.CaptureFixture[str],
):
    for language in languages:
        juju.deploy(built(MAKERS[language], f"language-{language}"), language)
    status = juju.wait(jubilant.all_waiting, error=jubilant.any_error, delay=0)
    assert {app.app_status.message for app in status.apps.values()} == {"hears nothing"}

    for hears, tells in itertools.combinations(languages, 2):
        juju.integrate(f"{hears}:hears", f"{tells}:tells")
    status = juju.wait(jubilant.all_active, error=jubilant.any_error, delay=0)
    heard = {name: app.app_status.message for name, app in status.apps.items()}
    assert heard == {
        language: f"hears {' '.join(other for other in languages if other != language)}" for language in languages
    }

    # From outside: what each unit reads is what the other one wrote.
    for language in languages:
        relations = juju.show_unit(f"{language}/0").relation_info
        bags = {unit: it.data.get("language") for relation in relations for unit, it in relation.related_units.items()}
        assert bags == {f"{other}/0": other for other in languages if other != language}

    gone = languages[-1]
    juju.remove_application(gone)
    status = juju.wait(jubilant.all_active, error=jubilant.any_error, delay=0)
    for name, app in status.apps.items():
        others = [other for other in languages if other not in (name, gone)]
        assert app.app_status.message == f"hears {' '.join(others)}"
