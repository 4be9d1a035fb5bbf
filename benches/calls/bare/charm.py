#!/usr/bin/env python3
"""One handler, for start: benches/calls/bare/charm.rs on Python's ops."""

import ops


class BareCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        framework.observe(self.on.start, self._on_start)

    def _on_start(self, _: ops.StartEvent):
        self.unit.set_workload_version("1.0")
        self.unit.status = ops.ActiveStatus()


if __name__ == "__main__":
    ops.main(BareCharm)
