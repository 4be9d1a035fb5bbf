#!/usr/bin/env python3
"""The Magpie of 2024, as far as its peers see it."""

import json

import ops


class Magpie(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        framework.observe(self.on.start, self._show)
        framework.observe(self.on.upgrade_charm, self._show)
        framework.observe(self.on["magpie"].relation_changed, self._show)
        framework.observe(self.on["magpie"].relation_departed, self._show)
        framework.observe(self.on["nodes"].action, self._action_nodes)

    def _nodes(self) -> dict[str, str]:
        relation = self.model.get_relation("magpie")
        units = relation.units if relation else ()
        return {unit.name: relation.data[unit].get("ingress-address", "") for unit in units}

    def _show(self, _: ops.EventBase):
        count = len(self._nodes())
        self.unit.status = ops.ActiveStatus(f"Ready, with {count} peer{'s' if count != 1 else ''}")

    def _action_nodes(self, event: ops.ActionEvent):
        event.set_results({"nodes": json.dumps(self._nodes())})


if __name__ == "__main__":
    ops.main(Magpie)
