#!/usr/bin/env python3
"""Tells its language, and shows those that it hears of."""

import ops

ENDPOINTS = ("tells", "hears")


class Language(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        framework.observe(self.on.start, self._show)
        for endpoint in ENDPOINTS:
            events = self.on[endpoint]
            framework.observe(events.relation_created, self._tell)
            framework.observe(events.relation_changed, self._show)
            framework.observe(events.relation_departed, self._show)

    def _tell(self, event: ops.RelationCreatedEvent):
        event.relation.data[self.unit]["language"] = "ops"

    def _show(self, _: ops.EventBase):
        relations = [relation for endpoint in ENDPOINTS for relation in self.model.relations[endpoint]]
        told = {relation.data[unit].get("language") for relation in relations for unit in relation.units}
        heard = sorted(filter(None, told))
        if heard:
            self.unit.status = ops.ActiveStatus(f"hears {' '.join(heard)}")
        else:
            self.unit.status = ops.WaitingStatus("hears nothing")


if __name__ == "__main__":
    ops.main(Language)
