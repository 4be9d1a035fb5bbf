"""The peer interface of the first Magpie: which keys there are, and what is in them."""

import ipaddress
import json

from charmhelpers.core import hookenv
from charms.reactive import Endpoint


class MagpiePeers(Endpoint):
    def units(self):
        return sorted(self.all_joined_units, key=lambda unit: unit.unit_name)

    def publish(self, key, value):
        for relation in self.relations:
            relation.to_publish_raw[key] = value

    def nodes(self, network=None):
        """The peers, each with the first address it advertises in a network, else with its private address."""
        return [(unit.unit_name, self._address(unit, network)) for unit in self.units()]

    @staticmethod
    def _address(unit, network):
        bag = unit.received_raw
        for address in json.loads(bag.get("iperf_addresses") or "[]") if network else []:
            if ipaddress.ip_address(address) in ipaddress.ip_network(network):
                return address
        return bag.get("private-address")

    def listening(self):
        return [unit.unit_name for unit in self.units() if unit.received_raw.get("iperf.server")]

    def set_listening(self):
        self.publish("iperf.server", "True")

    def is_checked(self, name):
        return any(name in (unit.received_raw.get("iperf.checked") or "") for unit in self.units())

    def set_checked(self):
        # The text of a Python list, each item of it with what the peer had checked itself.
        checked = [f"{unit.received_raw.get('iperf.checked')} {unit.unit_name}" for unit in self.units()]
        self.publish("iperf.checked", str(checked))

    def advertise(self):
        addresses = ["127.0.0.1", hookenv.unit_private_ip()]
        self.publish("iperf_addresses", json.dumps(sorted(addresses)))
