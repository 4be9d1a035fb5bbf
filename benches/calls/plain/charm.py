#!/usr/bin/env python3
"""A port, a version and two statuses: benches/calls/plain/charm.rs on Python's ops."""

import ops


class PlainCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        framework.observe(self.on.install, self._on_install)
        framework.observe(self.on.start, self._on_start)
        framework.observe(self.on.config_changed, self._on_config_changed)
        framework.observe(self.on.collect_app_status, self._on_collect_app_status)
        framework.observe(self.on.collect_unit_status, self._on_collect_unit_status)

    def _on_install(self, _: ops.InstallEvent):
        self.unit.status = ops.MaintenanceStatus("installing")

    def _on_start(self, _: ops.StartEvent):
        self.unit.set_workload_version("1.0")

    def _on_config_changed(self, _: ops.ConfigChangedEvent):
        self.unit.set_ports(int(self.config["port"]))

    def _on_collect_app_status(self, event: ops.CollectStatusEvent):
        event.add_status(ops.ActiveStatus())

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent):
        event.add_status(ops.ActiveStatus(f"serving on {self.config['port']}"))


if __name__ == "__main__":
    ops.main(PlainCharm)
