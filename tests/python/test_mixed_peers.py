"""Magpie's units of three kinds in one peer relation, as they are while an application is refreshed.

Juju has one charm for an application, and tells each agent of a new revision without any bound on how late: until an
agent hears of it, its unit goes on with the revision it has. `juju-sim fault UNIT hold upgrade` lets an agent not hear
of it, and `release` lets it.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

import charms
import jubilant

Built = Callable[..., pathlib.Path]
REACTIVE, OPS, OURS = ("magpie/0", "magpie/1"), ("magpie/2", "magpie/3"), ("magpie/4", "magpie/5")


def nodes(juju: jubilant.Juju, unit: str, **params: str) -> dict[str, str]:
    """The peers of a unit with their addresses, as the unit itself has them."""
    if unit in OURS:
        listed = json.loads(juju.run(unit, "peers").results["nodes"])
        return {node["unit"]: node["address"] for node in listed}
    task = juju.run(unit, "nodes", {name.replace("_", "-"): value for name, value in params.items()})
    return json.loads(task.results["nodes"])


def test_units_of_three_magpies_find_each_other_in_one_peer_relation(juju: jubilant.Juju, built: Built):
    # Two units on charms.reactive, of which the leader checks the other one.
    juju.deploy(built(charms.on_reactive, "magpie-reactive"), num_units=2)
    status = juju.wait(jubilant.all_active, error=jubilant.any_error, delay=0)
    leader = next(name for name, unit in status.apps["magpie"].units.items() if unit.leader)
    (other,) = set(REACTIVE) - {leader}
    assert status.apps["magpie"].units[leader].workload_status.message == "checked 1 nodes"
    assert status.apps["magpie"].units[other].workload_status.message == "checked; 1 nodes"
    for unit in REACTIVE:
        juju.run(unit, "advertise")

    # A refresh to the one on ops, which reaches new units first.
    hold(juju, *REACTIVE)
    juju.refresh("magpie", path=built(charms.on_ops, "magpie-ops"))
    juju.add_unit("magpie", num_units=2)
    # And one to ours, before that is through.
    hold(juju, *OPS)
    juju.refresh("magpie", path=built(charms.magpie))
    juju.add_unit("magpie", num_units=2)

    status = juju.wait(jubilant.all_active, error=jubilant.any_error, delay=0)
    units = status.apps["magpie"].units
    assert {name: unit.upgrading_from for name, unit in units.items()} == {
        "magpie/0": "local:magpie-0",
        "magpie/1": "local:magpie-0",
        "magpie/2": "local:magpie-1",
        "magpie/3": "local:magpie-1",
        "magpie/4": "",
        "magpie/5": "",
    }
    addresses = {name: unit.public_address for name, unit in units.items()}
    for unit in units:
        others = {name: address for name, address in addresses.items() if name != unit}
        assert nodes(juju, unit) == others, unit
    # What one kind advertises is what another one reads: the addresses in a network.
    others = {name: address for name, address in addresses.items() if name != other}
    assert nodes(juju, other, network_cidr="10.0.0.0/8") == others
    bags = {name: it.data for name, it in bag_of(juju, "magpie/5").items()}
    assert json.loads(bags[leader]["iperf_addresses"]) == ["10.0.0.1", "127.0.0.1"]
    assert bags["magpie/4"]["iperf_addresses"] == json.dumps([addresses["magpie/4"]])
    assert "iperf_addresses" not in bags["magpie/2"]
    assert units["magpie/4"].workload_status.message == "Ready, with 5 peers"
    assert units["magpie/2"].workload_status.message == "Ready, with 5 peers"
    assert units[leader].workload_status.message == "checked 5 nodes"

    # The refresh reaches the rest, one after another.
    for unit in (*REACTIVE, *OPS):
        juju.cli("fault", unit, "release")
        status = juju.wait(jubilant.all_active, error=jubilant.any_error, delay=0)
        it = status.apps["magpie"].units[unit]
        assert (it.upgrading_from, it.workload_status.message) == ("", "Ready, with 5 peers")
    for unit in OURS:
        assert nodes(juju, unit) == {name: address for name, address in addresses.items() if name != unit}


def hold(juju: jubilant.Juju, *units: str):
    for unit in units:
        juju.cli("fault", unit, "hold", "upgrade")


def bag_of(juju: jubilant.Juju, unit: str):
    """What a unit sees of its peers."""
    (relation,) = juju.show_unit(unit).relation_info
    return relation.related_units
