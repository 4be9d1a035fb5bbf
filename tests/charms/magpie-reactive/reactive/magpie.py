"""What the first Magpie did in which order: all but the leader listen, the leader checks them, and tells them so."""

import json

from charmhelpers.core import hookenv
from charms.reactive import endpoint_from_name, is_flag_set, set_flag, when, when_not


def peers():
    return endpoint_from_name("magpie")


@when_not("endpoint.magpie.joined")
def wait():
    hookenv.status_set("waiting", "Waiting for peers...")


@when("endpoint.magpie.joined")
@when_not("iperf.listening")
def listen():
    if not hookenv.is_leader():
        peers().set_listening()
        set_flag("iperf.listening")


@when("endpoint.magpie.joined")
def check():
    names = sorted(name for name, _ in peers().nodes())
    if hookenv.is_leader():
        # Once all of them were ready it does not ask again.
        if is_flag_set("iperf.servers.ready") or names == sorted(peers().listening()):
            set_flag("iperf.servers.ready")
            peers().set_checked()
            hookenv.status_set("active", f"checked {len(names)} nodes")
        else:
            hookenv.status_set("waiting", "for iperf servers")
    elif is_flag_set("iperf.checked") or peers().is_checked(hookenv.local_unit()):
        set_flag("iperf.checked")
        hookenv.status_set("active", f"checked; {len(names)} nodes")
    else:
        hookenv.status_set("waiting", "to be checked")


@when("endpoint.magpie.joined")
def act():
    if hookenv.action_name() == "advertise":
        peers().advertise()
    elif hookenv.action_name() == "nodes":
        nodes = peers().nodes(hookenv.action_get("network-cidr"))
        hookenv.action_set({"nodes": json.dumps(dict(nodes))})
