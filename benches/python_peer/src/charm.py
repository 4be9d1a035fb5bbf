#!/usr/bin/env python3
"""The Magpie charm on Python's ops: what the benchmark compares the Rust charm with.

It behaves as the Rust charm does, without the action `dismiss`, which the benchmark does not run, and the refusals of Juju's
that it does not make: it tells the peers its addresses and remembers having told them, holds each peer that joins until it can be
reached, logs whom it acknowledged, makes good on what it missed, and shows how many there are.
"""

from __future__ import annotations

import ipaddress
import json
import logging

import ops

logger = logging.getLogger(__name__)

ENDPOINT = "magpie"
ADDRESSES = "iperf_addresses"
NAMED = 5  # How many units a status message names.


def _number(name: str) -> int:
    return int(name.rpartition("/")[2])


class MagpieCharm(ops.CharmBase):
    """The charm. What it has announced and what it still holds is in its stored state."""

    _stored = ops.StoredState()

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self._stored.set_default(known=set(), pending=set(), told="")
        peers = self.on[ENDPOINT]
        for event in (
            peers.relation_created,
            peers.relation_joined,
            peers.relation_changed,
            peers.relation_departed,
            self.on.start,
            self.on.upgrade_charm,
            self.on.config_changed,
            self.on.update_status,
        ):
            framework.observe(event, self._reconcile)
            framework.observe(event, self._advertise)
        framework.observe(self.on.collect_unit_status, self._collect_status)
        framework.observe(self.on.peers_action, self._show_peers)

    def _advertise(self, event: ops.EventBase) -> None:
        """Tell the peers the addresses that Juju knows of this unit's side of the endpoint, where they may be new."""
        relation = self.model.get_relation(ENDPOINT)
        new = (ops.RelationCreatedEvent, ops.ConfigChangedEvent, ops.StartEvent, ops.UpgradeCharmEvent)
        if relation is None or (self._stored.told and not isinstance(event, new)):
            return
        binding = self.model.get_binding(ENDPOINT)
        if binding is None:
            return
        found = (ipaddress.ip_address(str(interface.address)) for interface in binding.network.interfaces)
        usable = [
            str(ip)
            for ip in found
            if not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast)
        ]
        text = json.dumps(usable)
        if self._stored.told != text:
            relation.data[self.unit][ADDRESSES] = text
            self._stored.told = text

    def _reconcile(self, event: ops.EventBase) -> None:
        """Compare what was announced with what Juju lists; acknowledge the peers that can be reached."""
        units = {unit.name: unit for unit in self._peers()}
        were_known, were_pending = set(self._stored.known), set(self._stored.pending)
        for name in sorted(were_known - units.keys(), key=_number):
            logger.info("PeerDeparted %s: acknowledged; %s", name, self._counted())
        pending = (were_pending | (units.keys() - were_known)) & units.keys()
        joining = event.unit.name if isinstance(event, ops.RelationJoinedEvent) and event.unit else None
        for name in sorted(pending, key=_number):
            if not self._advertised(units[name]) and (name == joining or not self._address(units[name])):
                logger.debug("PeerJoined %s: held", name)
            else:
                pending.remove(name)
                logger.info("PeerJoined %s: acknowledged; %s", name, self._counted())
        # Assigned only when different, so that an unchanged state is not written again.
        if were_known != units.keys():
            self._stored.known = set(units)
        if were_pending != pending:
            self._stored.pending = pending

    def _show_peers(self, event: ops.ActionEvent) -> None:
        """List the peers as the configured network has it, from an offset on, and those that are not acknowledged."""
        network = self._network()
        nodes = [{"address": self._preferred(unit, network), "unit": unit.name} for unit in self._peers()]
        listed = nodes[event.params.get("offset", 0) :]
        pending = sorted(self._stored.pending, key=_number)
        event.set_results({"count": len(nodes), "nodes": json.dumps(listed), "pending": json.dumps(pending)})

    def _preferred(self, unit: ops.Unit, network: ipaddress.IPv4Network | ipaddress.IPv6Network | None) -> str | None:
        """The address of a peer inside a network, where it has one, else the one that Juju gives it."""
        given = self._address(unit)
        if network is None:
            return given
        texts = [given] if given else []
        return next((text for text in texts + self._advertised(unit) if ipaddress.ip_address(text) in network), given)

    def _collect_status(self, event: ops.CollectStatusEvent) -> None:
        try:
            self._network()
        except ValueError as error:
            event.add_status(ops.BlockedStatus(f"configuration option network: {error}"))
            return
        if not self._stored.told:
            event.add_status(ops.WaitingStatus("no address is advertised yet"))
            return
        held = sorted(self._stored.pending, key=_number)
        if held:
            more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
            event.add_status(ops.WaitingStatus(f"Not yet acknowledged: {', '.join(held[:NAMED])}{more}"))
            return
        event.add_status(ops.ActiveStatus(f"Ready, with {self._counted()}"))

    def _peers(self) -> list[ops.Unit]:
        relation = self.model.get_relation(ENDPOINT)
        return sorted(relation.units, key=lambda unit: _number(unit.name)) if relation else []

    def _data(self, unit: ops.Unit) -> ops.RelationDataContent:
        return self.model.get_relation(ENDPOINT).data[unit]

    def _advertised(self, unit: ops.Unit) -> list[str]:
        """The addresses that a peer advertises, in its order; whatever is not an IP address is left out."""
        try:
            texts = json.loads(self._data(unit).get(ADDRESSES, "[]"))
        except ValueError:
            return []
        addresses = []
        for text in texts if isinstance(texts, list) else []:
            try:
                addresses.append(str(ipaddress.ip_address(text)))
            except ValueError:
                continue
        return addresses

    def _network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
        """The network that the operator prefers."""
        text = self.config.get("network", "")
        return ipaddress.ip_network(text, strict=False) if text else None

    def _address(self, unit: ops.Unit) -> str | None:
        data = self._data(unit)
        return data.get("ingress-address") or data.get("private-address")

    def _counted(self) -> str:
        count = len(self._peers())
        return "1 peer" if count == 1 else f"{count} peers"


if __name__ == "__main__":
    ops.main(MagpieCharm)
