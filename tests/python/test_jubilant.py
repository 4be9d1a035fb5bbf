"""Jubilant as its users have it, with juju-sim in the place of juju."""

from __future__ import annotations

import ast
import inspect
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Callable

import charms
import jubilant
import pytest

Built = Callable[..., pathlib.Path]


@pytest.fixture
def magpie(juju: jubilant.Juju, built: Built) -> jubilant.Juju:
    """Two units of the Magpie charm."""
    juju.deploy(built(charms.magpie), num_units=2)
    return juju


@pytest.fixture
def greeter(juju: jubilant.Juju, built: Built) -> jubilant.Juju:
    """A unit of the charm on Python's ops."""
    juju.deploy(built(charms.on_ops, "greeter"))
    return juju


def waited(juju: jubilant.Juju, ready: Callable[[jubilant.Status], bool], **options: object) -> jubilant.Status:
    """Each command leaves a model at rest: what is waited for is so at once, or never."""
    return juju.wait(ready, delay=0, **options)


def test_every_method_of_jubilant_is_called_here():
    tree = ast.parse(pathlib.Path(__file__).read_text(encoding="utf-8"))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    methods = {name for name, _ in inspect.getmembers(jubilant.Juju, inspect.isfunction) if not name.startswith("_")}
    functions = {name for name in jubilant.__all__ if name.startswith(("all_", "any_", "temp_"))}
    assert sorted(methods - called) == []
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert sorted(functions - named) == []


# Models


def test_a_model_that_is_added_is_shown_and_is_not_made_the_current_one(juju: jubilant.Juju):
    assert juju.model == "testing"
    info = juju.show_model()
    assert (info.name, info.short_name, info.model_type, info.life) == ("admin/testing", "testing", "iaas", "alive")
    assert (info.status.current, info.is_controller) == ("available", False)
    assert str(uuid.UUID(info.model_uuid)) == info.model_uuid
    assert str(uuid.UUID(info.controller_uuid)) == info.controller_uuid

    juju.add_model("other", "localhost", config={"update-status-hook-interval": "1m"}, credential="mine")
    assert juju.model == "other"
    assert juju.model_config()["update-status-hook-interval"] == "1m"
    assert juju.show_model().model_uuid != info.model_uuid
    assert juju.show_model("testing").model_uuid == info.model_uuid


def test_a_model_is_found_by_its_full_name(juju: jubilant.Juju):
    info = juju.show_model()
    for name in ["admin/testing", f"{info.controller_name}:testing", f"{info.controller_name}:admin/testing"]:
        other = jubilant.Juju(model=name, cli_binary=juju.cli_binary)
        assert other.show_model() == info
        assert other.status().model.name == "testing"


def test_a_model_without_units_is_empty(juju: jubilant.Juju):
    status = juju.status()
    assert (status.apps, status.machines, status.app_endpoints, status.offers) == ({}, {}, {}, {})
    assert (status.model.type, status.model.controller) == ("iaas", juju.show_model().controller_name)
    assert status.model.model_status.current == "available"


def test_the_options_of_a_model_are_set_and_reset(juju: jubilant.Juju):
    options = juju.model_config()
    assert options["update-status-hook-interval"] == "5m"
    assert options["automatically-retry-hooks"] is True
    juju.model_config({"update-status-hook-interval": "10s", "automatically-retry-hooks": False})
    options = juju.model_config()
    assert options["update-status-hook-interval"] == "10s"
    assert options["automatically-retry-hooks"] is False
    juju.model_config(reset=["update-status-hook-interval", "automatically-retry-hooks"])
    options = juju.model_config()
    assert options["update-status-hook-interval"] == "5m"
    assert options["automatically-retry-hooks"] is True


def test_the_constraints_of_a_model_are_numbers_in_megabytes(juju: jubilant.Juju):
    assert not juju.model_constraints()
    juju.model_constraints({"mem": "1G", "cores": 4, "arch": "amd64"})
    assert juju.model_constraints() == {"mem": 1024, "cores": 4, "arch": "amd64"}


def test_a_model_that_is_destroyed_is_gone(magpie: jubilant.Juju):
    magpie.destroy_model("testing", destroy_storage=True, force=True, no_wait=True, timeout=10)
    assert magpie.model is None
    with pytest.raises(jubilant.CLIError) as refused:
        magpie.show_model("testing")
    assert "not found" in refused.value.stderr


def test_a_temporary_model_lives_as_long_as_its_block(
    juju_sim: pathlib.Path, built: Built, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
):
    # It has no argument for the program: `juju` is what PATH has.
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "juju").symlink_to(juju_sim)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    with jubilant.temp_model() as juju:
        assert juju.model is not None and juju.model.startswith("jubilant-")
        assert juju.cli_binary == "juju"
        juju.deploy(built(charms.magpie))
        waited(juju, jubilant.all_active)
    models = jubilant.Juju().cli("models", "--format", "json", include_model=False)
    assert '"models":[]' in models


# Applications


def test_a_charm_is_deployed_and_becomes_active(magpie: jubilant.Juju):
    status = waited(magpie, jubilant.all_active, error=jubilant.any_error)
    app = status.apps["magpie"]
    assert (app.charm, app.charm_name, app.charm_rev, app.charm_origin) == ("local:magpie-0", "magpie", 0, "local")
    assert (app.app_status.current, app.app_status.message) == ("active", "Ready, with 1 peer")
    assert [relation.related_app for relation in app.relations["magpie"]] == ["magpie"]
    assert sorted(app.units) == ["magpie/0", "magpie/1"]
    assert [unit.leader for unit in app.units.values()].count(True) == 1
    for name, unit in app.units.items():
        machine = status.machines[unit.machine]
        assert (unit.workload_status.message, unit.juju_status.current) == ("Ready, with 1 peer", "idle"), name
        assert machine.ip_addresses == [unit.public_address]
        assert machine.network_interfaces["eth0"].ip_addresses == [unit.public_address]
        assert machine.juju_status.current == "started"
    assert waited(magpie, jubilant.all_agents_idle) == status
    assert status.get_units("magpie") == app.units


def test_a_charm_is_deployed_as_an_archive_with_everything_that_may_be_said_of_it(
    juju: jubilant.Juju, built: Built, tmp_path: pathlib.Path
):
    charm = charms.packed(built(charms.on_ops, "greeter"))
    tune = tmp_path / "tune.txt"
    tune.write_text("la la")
    secret = juju.add_secret("token", {"key": "k"})
    juju.add_machine(num_machines=2)
    juju.cli("add-space", "fast", "10.9.0.0/24")
    juju.deploy(
        charm,
        "choir",
        base="ubuntu@22.04",
        bind={"greeting": "fast"},
        config={"greeting": "hi", "count": 3, "rate": 0.5, "loud": True, "token": secret},
        constraints={"mem": "2G", "cores": 2},
        force=True,
        num_units=2,
        resources={"tune": str(tune)},
        storage={"letters": "2"},
        to=["0", "1"],
        trust=True,
    )
    status = waited(juju, jubilant.all_active)
    app = status.apps["choir"]
    assert app.base == jubilant.statustypes.FormattedBase(name="ubuntu", channel="22.04")
    assert app.endpoint_bindings["greeting"] == "fast" and app.endpoint_bindings["friend"] == "alpha"
    assert (app.app_status.message, app.version) == ("hi", "1.2.3")
    assert {name: unit.machine for name, unit in app.units.items()} == {"choir/0": "0", "choir/1": "1"}
    assert app.units["choir/1"].open_ports == ["8080/tcp"]
    assert sorted(status.storage.storage) == ["letters/0", "letters/1", "letters/2", "letters/3"]
    for storage in status.storage.storage.values():
        assert (storage.kind, storage.status.current, storage.life) == ("filesystem", "attached", "alive")
        assert storage.attachments is not None and len(storage.attachments.units) == 1
    assert juju.config("choir") == {"greeting": "hi", "count": 3, "rate": 0.5, "loud": True, "token": secret}
    assert juju.config("choir", app_config=True) == {"trust": True}
    assert juju.cli("constraints", "choir").split() == ["cores=2", "mem=2048M"]
    assert juju.run("choir/0", "sing").results == {"text": "la la"}


def test_units_come_and_go(juju: jubilant.Juju, built: Built):
    juju.deploy(built(charms.magpie))
    juju.add_unit("magpie")
    juju.add_unit("magpie", num_units=2, to=["0", "1"])
    status = waited(juju, lambda status: len(status.apps["magpie"].units) == 4)
    assert jubilant.all_active(status, "magpie")
    assert [unit.machine for unit in status.apps["magpie"].units.values()] == ["0", "1", "0", "1"]
    juju.remove_unit("magpie/1", "magpie/2")
    juju.remove_unit("magpie/3", force=True, destroy_storage=True)
    status = waited(juju, lambda status: list(status.apps["magpie"].units) == ["magpie/0"])
    assert status.apps["magpie"].app_status.message == "Ready, with 0 peers"
    juju.remove_application("magpie", destroy_storage=True)
    waited(juju, lambda status: not status.apps and not status.machines)


def test_storage_outlives_its_unit_and_goes_to_another_one(juju: jubilant.Juju, built: Built):
    charm = built(charms.on_ops, "greeter")
    juju.deploy(charm, "first", storage={"letters": "1"})
    juju.remove_application("first")
    storage = juju.status().storage.storage["letters/0"]
    assert (storage.status.current, storage.attachments) == ("detached", None)
    juju.deploy(charm, "second", num_units=0)
    juju.add_unit("second", attach_storage="letters/0")
    storage = juju.status().storage.storage["letters/0"]
    assert storage.attachments is not None and list(storage.attachments.units) == ["second/0"]


def test_a_charm_is_refreshed_from_a_path(greeter: jubilant.Juju, built: Built, tmp_path: pathlib.Path):
    tune = tmp_path / "tune.txt"
    tune.write_text("la la")
    charm = charms.packed(built(charms.on_ops, "greeter"))
    greeter.refresh(
        "greeter",
        base="ubuntu@24.04",
        config={"greeting": "welcome"},
        force=True,
        path=charm,
        resources={"tune": str(tune)},
        storage={"letters": "1"},
        trust=True,
    )
    app = waited(greeter, jubilant.all_active).apps["greeter"]
    assert (app.charm, app.charm_rev, app.app_status.message) == ("local:greeter-1", 1, "welcome")
    assert app.units["greeter/0"].upgrading_from == ""
    assert greeter.run("greeter/0", "sing").results == {"text": "la la"}
    assert greeter.config("greeter", app_config=True) == {"trust": True}


def test_an_application_is_configured(greeter: jubilant.Juju):
    # What has neither a value nor a default is not there.
    assert greeter.config("greeter") == {"greeting": "hello", "count": 1, "loud": False}
    greeter.config("greeter", {"greeting": "good day", "count": 2, "rate": 1.5, "loud": True})
    assert greeter.config("greeter") == {"greeting": "good day", "count": 2, "rate": 1.5, "loud": True}
    assert greeter.status().apps["greeter"].app_status.message == "good day"
    greeter.config("greeter", {"count": 5}, reset=["greeting", "loud"])
    assert greeter.config("greeter") == {"greeting": "hello", "count": 5, "rate": 1.5, "loud": False}
    greeter.config("greeter", reset="count")
    assert greeter.config("greeter")["count"] == 1
    with pytest.raises(jubilant.CLIError) as refused:
        greeter.config("greeter", {"no-such": 1})
    assert (refused.value.returncode, 'unknown option "no-such"' in refused.value.stderr) == (1, True)


def test_an_application_is_trusted(greeter: jubilant.Juju):
    assert greeter.config("greeter", app_config=True) == {"trust": False}
    greeter.trust("greeter", scope="cluster")
    assert greeter.config("greeter", app_config=True) == {"trust": True}
    greeter.trust("greeter", remove=True)
    assert greeter.config("greeter", app_config=True) == {"trust": False}


def test_every_status_is_what_it_is(greeter: jubilant.Juju):
    asked = {
        "active": (jubilant.all_active, jubilant.any_active),
        "blocked": (jubilant.all_blocked, jubilant.any_blocked),
        "error": (jubilant.all_error, jubilant.any_error),
        "maintenance": (jubilant.all_maintenance, jubilant.any_maintenance),
        "waiting": (jubilant.all_waiting, jubilant.any_waiting),
    }
    for current in asked:
        greeter.config("greeter", {"greeting": "bad" if current == "error" else current})
        status = greeter.status()
        answers = {name: (all_(status), any_(status)) for name, (all_, any_) in asked.items()}
        assert answers == {name: (name == current, name == current) for name in asked}
        message = 'hook failed: "config-changed"' if current == "error" else current
        assert status.apps["greeter"].units["greeter/0"].workload_status.message == message


# Relations


def test_applications_are_related_and_see_what_the_other_one_writes(juju: jubilant.Juju, built: Built):
    charm = built(charms.on_ops, "greeter")
    juju.deploy(charm, "alice", config={"greeting": "hi"})
    juju.deploy(charm, "bob")
    juju.integrate("bob:friend", "alice:greeting")
    status = waited(juju, lambda status: status.apps["bob"].app_status.message == "hi from alice")
    related = status.apps["bob"].relations["friend"][0]
    assert (related.related_app, related.interface, related.scope) == ("alice", "greeting", "global")

    unit = juju.show_unit("bob/0")
    assert (unit.charm, unit.leader, unit.life) == ("local:greeter-1", True, "alive")
    assert (unit.opened_ports, unit.workload_version) == (["8080/tcp"], "1.2.3")
    assert unit.public_address == status.apps["bob"].units["bob/0"].public_address
    (relation,) = unit.relation_info
    assert (relation.endpoint, relation.related_endpoint, relation.cross_model) == ("friend", "greeting", False)
    assert relation.app_data == {"from": "alice"}
    assert relation.related_units["alice/0"].in_scope
    assert relation.related_units["alice/0"].data["greeting"] == "hi"
    # As in Juju, the unit's own databag is shown for a peer relation alone.
    assert relation.local_unit is None

    with pytest.raises(jubilant.CLIError):
        juju.integrate("bob:friend", "alice:greeting")
    juju.remove_relation("alice:greeting", "bob:friend")
    status = waited(juju, lambda status: not status.apps["bob"].relations and not status.apps["alice"].relations)
    assert status.apps["bob"].app_status.message == "hello"

    juju.integrate("bob:friend", "alice:greeting")
    juju.remove_relation("bob", "alice", force=True)
    assert juju.show_unit("bob/0").relation_info == []


def test_peers_see_each_other(magpie: jubilant.Juju):
    unit = magpie.show_unit("magpie/0")
    (relation,) = unit.relation_info
    assert (relation.endpoint, relation.related_endpoint) == ("magpie", "magpie")
    assert relation.local_unit is not None and relation.local_unit.in_scope
    assert relation.local_unit.data["ingress-address"] == unit.public_address
    assert list(relation.related_units) == ["magpie/1"]


def test_an_application_of_another_model_is_offered_and_consumed(juju: jubilant.Juju, built: Built):
    charm = built(charms.on_ops, "greeter")
    juju.deploy(charm, "alice", config={"greeting": "hi"})
    juju.offer("alice", endpoint="greeting", name="greetings")
    offer = juju.status().offers["greetings"]
    assert (offer.app, offer.charm, offer.active_connected_count) == ("alice", "local:greeter-0", 0)
    assert offer.endpoints["greeting"].interface == "greeting"

    other = jubilant.Juju(cli_binary=juju.cli_binary, wait_timeout=10)
    other.add_model("other")
    other.deploy(charm, "bob")
    controller = other.show_model().controller_name
    other.consume("testing.greetings", "far", controller=controller, owner="admin")
    other.integrate("far", "bob:friend")
    status = waited(other, lambda status: status.apps["bob"].app_status.message == "hi from alice")
    assert status.apps["bob"].relations["friend"][0].related_app == "far"
    saas = status.app_endpoints["far"]
    assert saas.url.endswith("admin/testing.greetings")
    assert saas.relations == {"greeting": ["bob"]}
    assert other.show_unit("bob/0").relation_info[0].cross_model
    assert juju.status().offers["greetings"].active_connected_count == 1

    # An offer's URL will do as well.
    other.deploy(charm, "carol")
    other.integrate("carol:friend", "admin/testing.greetings", via="10.0.0.0/8")
    waited(other, lambda status: status.apps["carol"].app_status.message.startswith("hi from "))
    other.remove_relation("bob", "far")
    assert other.status().apps["bob"].app_status.message == "hello"


# Secrets


def test_a_secret_is_added_updated_shown_and_removed(juju: jubilant.Juju):
    uri = juju.add_secret("sec", {"username": "usr", "password": "hunter2"}, info="What it is.")
    assert uri.startswith("secret:") and len(uri.unique_identifier) == 20
    secret = juju.show_secret("sec")
    assert not hasattr(secret, "content")
    assert (secret.uri, secret.name, secret.owner, secret.revision) == (uri, "sec", "<model>", 1)
    assert (secret.description, secret.created, secret.access, secret.revisions) == (
        "What it is.",
        secret.updated,
        None,
        None,
    )

    juju.update_secret(uri, {"password": "hunter3"}, info="What else it is.", name="newer")
    shown = juju.show_secret("newer", reveal=True)
    assert (shown.revision, shown.content, shown.description) == (2, {"password": "hunter3"}, "What else it is.")
    first = juju.show_secret(uri, reveal=True, revision=1)
    assert first.content == {"username": "usr", "password": "hunter2"}
    revisions = juju.show_secret(uri, revisions=True).revisions
    assert revisions is not None and [revision.revision for revision in revisions] == [1, 2]

    juju.add_secret("other", {"abc": "d"})
    assert {secret.name: secret.revision for secret in juju.secrets()} == {"newer": 2, "other": 1}
    juju.remove_secret(uri, revision=1)
    revisions = juju.show_secret(uri, revisions=True).revisions
    assert revisions is not None and [revision.revision for revision in revisions] == [2]
    juju.remove_secret("newer")
    assert [secret.name for secret in juju.secrets()] == ["other"]
    with pytest.raises(jubilant.CLIError) as refused:
        juju.show_secret("newer")
    assert "not found" in refused.value.stderr


def test_a_secret_is_read_by_whom_it_is_granted_to(greeter: jubilant.Juju):
    uri = greeter.add_secret("token", {"key": "k1"})
    greeter.config("greeter", {"token": uri})
    assert greeter.config("greeter")["token"] == uri
    with pytest.raises(jubilant.TaskError) as failed:
        greeter.run("greeter/0", "token")
    assert "denied" in failed.value.task.stderr
    greeter.grant_secret(uri, ["greeter"])
    access = greeter.show_secret(uri).access
    assert access is not None and [(it.target, it.role) for it in access] == [("greeter", "view")]
    assert greeter.run("greeter/0", "token").results == {"key": "k1"}
    greeter.update_secret("token", {"key": "k2"}, auto_prune=True)
    assert greeter.run("greeter/0", "token").results == {"key": "k2"}
    # Nobody reads the first revision any more.
    revisions = greeter.show_secret(uri, revisions=True).revisions
    assert revisions is not None and [revision.revision for revision in revisions] == [2]
    model = f"model-{greeter.show_model().model_uuid}"
    assert [secret.uri for secret in greeter.secrets(owner=model)] == [uri]
    assert greeter.secrets(owner="application-greeter") == []


# Actions and commands


def test_an_action_returns_its_results(greeter: jubilant.Juju):
    task = greeter.run("greeter/0", "greet", {"name": "you", "times": 2})
    assert (task.success, task.status, task.return_code, task.message) == (True, "completed", 0, "")
    assert task.results == {"text": "hello you, hello you", "loud": {"is": "False"}}
    assert len(task.log) == 1 and task.log[0].endswith("it takes a breath")
    assert greeter.run("greeter/leader", "greet", {"name": "yes"}).results["text"] == "hello yes"
    shown = greeter.cli("show-task", task.id, "--format", "json")
    assert '"text":"hello you, hello you"' in shown


def test_an_action_that_fails_is_an_error_with_its_task(greeter: jubilant.Juju):
    with pytest.raises(jubilant.TaskError) as failed:
        greeter.run("greeter/0", "fail")
    task = failed.value.task
    assert (task.status, task.return_code, task.message) == ("failed", 0, "it has no voice")
    assert task.results == {"so-far": "nothing"}
    with pytest.raises(jubilant.TaskError) as failed:
        greeter.run("greeter/0", "raise")
    task = failed.value.task
    assert (task.status, task.return_code) == ("failed", 1)
    assert "nobody meant this" in task.stderr


def test_an_action_that_takes_too_long_is_not_waited_for(greeter: jubilant.Juju):
    with pytest.raises(TimeoutError):
        greeter.run("greeter/0", "wait", wait=0.5)


def test_an_action_that_is_not_there_is_an_error(greeter: jubilant.Juju):
    with pytest.raises(ValueError, match="not defined"):
        greeter.run("greeter/0", "no-such")
    with pytest.raises(ValueError, match="not found"):
        greeter.run("greeter/9", "greet", {"name": "you"})
    with pytest.raises((jubilant.CLIError, ValueError)):
        greeter.run("greeter/0", "greet")


def test_a_command_runs_with_the_hook_commands_at_hand(magpie: jubilant.Juju):
    task = magpie.exec("echo foo; echo bar >&2", unit="magpie/0")
    assert (task.success, task.return_code, task.stdout, task.stderr) == (True, 0, "foo\n", "bar\n")
    # One word is a line of the shell; of several each is what it is.
    assert magpie.exec("echo", "two  blanks", "$HOME", unit="magpie/leader").stdout == "two  blanks $HOME\n"
    address = magpie.exec("unit-get", "private-address", unit="magpie/1", wait=60).stdout.strip()
    assert address == magpie.status().apps["magpie"].units["magpie/1"].public_address
    assert magpie.exec("echo on it", machine=0).stdout == "on it\n"
    assert magpie.exec("echo on it", machine="1").stdout == "on it\n"


def test_a_command_that_fails_is_an_error_with_its_task(magpie: jubilant.Juju):
    with pytest.raises(jubilant.TaskError) as failed:
        magpie.exec("echo some; sleep x", unit="magpie/0")
    task = failed.value.task
    assert (task.success, task.return_code, task.stdout) == (False, 1, "some\n")
    assert "invalid time" in task.stderr
    with pytest.raises(TimeoutError):
        magpie.exec("sleep 600", unit="magpie/0", wait=0.1)
    with pytest.raises(ValueError, match="magpie/9"):
        magpie.exec("true", unit="magpie/9")
    with pytest.raises(jubilant.CLIError):
        magpie.exec("true", machine=9)


def test_a_shell_and_copies_reach_a_unit(magpie: jubilant.Juju, tmp_path: pathlib.Path):
    assert magpie.ssh("magpie/0", "echo", "there") == "there\n"
    assert magpie.ssh(1, "echo there", host_key_checks=False, user="ubuntu", ssh_options=["-i", "key"]) == "there\n"
    assert magpie.cli("ssh", "magpie/0", "cat", stdin="from here") == "from here"
    with pytest.raises(jubilant.CLIError) as failed:
        magpie.ssh("magpie/0", "echo no >&2; exit 3")
    assert (failed.value.returncode, failed.value.stderr) == (3, "no\n")

    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "a.txt").write_text("A")
    magpie.scp(letters / "a.txt", "magpie/0:copied.txt", host_key_checks=False)
    assert magpie.ssh("magpie/0", "cat copied.txt") == "A"
    magpie.scp(letters, "ubuntu@magpie/0:letters", scp_options=["-r", "-i", "key"])
    magpie.scp("magpie/0:letters", tmp_path / "back", scp_options=["-r", "-i", "key"])
    assert (tmp_path / "back" / "a.txt").read_text() == "A"
    magpie.scp("magpie/0:copied.txt", "magpie/1:copied.txt")
    magpie.scp("1:copied.txt", str(tmp_path / "once-more.txt"))
    assert (tmp_path / "once-more.txt").read_text() == "A"


# Waiting


def test_what_is_waited_for_in_vain_is_an_error(magpie: jubilant.Juju):
    with pytest.raises(TimeoutError, match="magpie/0"):
        waited(magpie, jubilant.all_blocked, timeout=0.1)
    with pytest.raises(jubilant.WaitError, match="any_active"):
        waited(magpie, jubilant.all_blocked, error=jubilant.any_active)


def test_a_failing_hook_ends_the_wait(greeter: jubilant.Juju):
    greeter.config("greeter", {"greeting": "bad"})
    with pytest.raises(jubilant.WaitError, match="any_error"):
        waited(greeter, jubilant.all_active, error=jubilant.any_error)
    greeter.config("greeter", {"greeting": "good"})
    assert waited(greeter, jubilant.all_active, error=jubilant.any_error).apps["greeter"].app_status.message == "good"


def test_the_command_of_jubilant_waits(magpie: jubilant.Juju):
    program = pathlib.Path(sys.executable).with_name("jubilant")
    command = [program, "wait", "--delay=0", f"--juju-cli-bin={magpie.cli_binary}"]
    command += ["--model=testing", "jubilant.all_active(status, 'magpie')"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


# The rest


def test_the_example_of_the_documents_passes(
    juju_sim: pathlib.Path, built: Built, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
):
    text = (charms.ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("$ cat test_magpie.py\n")
    example, prompt, _ = rest.partition("\n$ ")
    assert "def test_" in example and prompt
    (tmp_path / "test_magpie.py").write_text(example, encoding="utf-8")
    charms.packed(built(charms.magpie)).rename(tmp_path / "magpie_amd64.charm")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "juju").symlink_to(juju_sim)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    command = [sys.executable, "-m", "pytest", "test_magpie.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_the_log_is_shown(greeter: jubilant.Juju):
    log = greeter.debug_log()
    assert "unit-greeter-0: " in log and " INFO unit.greeter/0.juju-log it starts\n" in log
    assert greeter.debug_log(limit=1) == log.splitlines(keepends=True)[-1]


def test_the_version_is_one_of_jujus(juju: jubilant.Juju):
    version = juju.version()
    assert version.tuple >= (3, 6, 0)
    assert str(version) == juju.cli("version", include_model=False).strip()


def test_machines_are_added(juju: jubilant.Juju, built: Built):
    juju.add_machine(base="ubuntu@24.04", constraints={"mem": "8G"}, disks="ebs,1T,2")
    juju.add_machine(num_machines=2)
    assert sorted(waited(juju, lambda status: len(status.machines) == 3).machines) == ["0", "1", "2"]
    juju.deploy(built(charms.magpie), to="2")
    assert juju.status().apps["magpie"].units["magpie/0"].machine == "2"


def test_what_is_wrong_is_an_error_with_what_was_said(juju: jubilant.Juju):
    with pytest.raises(jubilant.CLIError) as refused:
        juju.cli("no-such-command")
    assert refused.value.returncode != 0
    assert "no-such-command" in refused.value.stderr
    with pytest.raises(jubilant.CLIError) as refused:
        juju.deploy("./no-such-charm")
    assert refused.value.returncode == 1
    assert "no charm was found" in refused.value.stderr
    assert refused.value.stderr in str(refused.value)


def test_what_needs_a_cloud_is_not_supported(juju: jubilant.Juju, built: Built, tmp_path: pathlib.Path):
    definition = tmp_path / "definition.yaml"
    definition.write_text("clouds: {}")
    charm = built(charms.magpie)
    calls = [
        lambda: juju.bootstrap("localhost", "controller", config={"a": 1}, constraints={"mem": "4G"}, to="x"),
        lambda: juju.add_cloud("mine", {"clouds": {}}, client=True),
        lambda: juju.update_cloud("mine", definition, client=True),
        lambda: juju.add_credential("mine", definition, client=True),
        lambda: juju.add_ssh_key("ssh-rsa AAAA me"),
        lambda: juju.remove_ssh_key("me"),
        lambda: juju.deploy("postgresql", channel="14/stable"),
        lambda: juju.deploy(charm, revision=3),
        lambda: juju.deploy(charm, to="lxd"),
        lambda: juju.add_machine("ssh:ubuntu@10.0.0.1", private_key=definition, public_key=definition),
        lambda: juju.ssh("magpie/0", "true", container="workload"),
        lambda: juju.scp("a", "b", container="workload"),
    ]
    for call in calls:
        with pytest.raises(jubilant.CLIError) as refused:
            call()
        assert "not supported by juju-sim" in refused.value.stderr, refused.value
        assert refused.value.returncode == 2, refused.value
    assert juju.status().apps == {}
