#!/usr/bin/env python3
"""It greets: a charm that has one of everything that jubilant asks for."""

import logging
import time

import ops

logger = logging.getLogger(__name__)

STATUSES = {
    "blocked": ops.BlockedStatus,
    "maintenance": ops.MaintenanceStatus,
    "waiting": ops.WaitingStatus,
}


class Greeter(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        framework.observe(self.on.start, self._start)
        framework.observe(self.on.config_changed, self._config_changed)
        framework.observe(self.on.secret_changed, self._secret_changed)
        framework.observe(self.on["greeting"].relation_created, self._greet)
        framework.observe(self.on["friend"].relation_changed, self._greeted)
        framework.observe(self.on["friend"].relation_broken, self._config_changed)
        for action in ("greet", "fail", "raise", "wait", "token", "sing"):
            framework.observe(self.on[action].action, getattr(self, f"_action_{action}"))

    def _start(self, _: ops.StartEvent):
        self.unit.set_workload_version("1.2.3")
        self.unit.open_port("tcp", 8080)
        logger.info("it starts")

    def _config_changed(self, _: ops.EventBase):
        greeting = str(self.config["greeting"])
        if greeting == "bad":
            raise RuntimeError("a bad greeting")
        self.unit.status = STATUSES.get(greeting, ops.ActiveStatus)(greeting)

    def _secret_changed(self, event: ops.SecretChangedEvent):
        event.secret.get_content(refresh=True)

    def _greet(self, event: ops.RelationCreatedEvent):
        event.relation.data[self.unit]["greeting"] = str(self.config["greeting"])
        if self.unit.is_leader():
            event.relation.data[self.app]["from"] = self.app.name

    def _greeted(self, event: ops.RelationChangedEvent):
        if event.unit and event.app:
            bags = event.relation.data
            self.unit.status = ops.ActiveStatus(f"{bags[event.unit]['greeting']} from {bags[event.app]['from']}")

    def _action_greet(self, event: ops.ActionEvent):
        event.log("it takes a breath")
        text = f"{self.config['greeting']} {event.params['name']}"
        event.set_results({"text": ", ".join([text] * event.params["times"]), "loud": {"is": self.config["loud"]}})

    def _action_fail(self, event: ops.ActionEvent):
        event.set_results({"so-far": "nothing"})
        event.fail("it has no voice")

    def _action_raise(self, _: ops.ActionEvent):
        raise RuntimeError("nobody meant this")

    def _action_wait(self, _: ops.ActionEvent):
        time.sleep(600)

    def _action_token(self, event: ops.ActionEvent):
        secret = self.model.get_secret(id=str(self.config["token"]))
        event.set_results({"key": secret.get_content()["key"]})

    def _action_sing(self, event: ops.ActionEvent):
        event.set_results({"text": self.model.resources.fetch("tune").read_text()})


if __name__ == "__main__":
    ops.main(Greeter)
