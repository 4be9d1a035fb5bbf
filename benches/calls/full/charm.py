#!/usr/bin/env python3
"""Relations of every role and what goes with them: benches/calls/full/charm.rs on Python's ops."""

import logging

import ops

logger = logging.getLogger(__name__)


class FullCharm(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        on = self.on
        framework.observe(on.data_storage_attached, self._on_data_attached)
        framework.observe(on.config_changed, self._on_config_changed)
        framework.observe(on.upgrade_charm, self._on_upgrade_charm)
        framework.observe(on.leader_elected, self._on_leader_elected)
        framework.observe(on.stop, self._on_stop)
        framework.observe(on.secret_changed, self._on_secret_changed)
        framework.observe(on.backup_action, self._on_backup)
        framework.observe(on["cluster"].relation_created, self._on_cluster_created)
        framework.observe(on["cluster"].relation_joined, self._on_cluster_joined)
        framework.observe(on["cluster"].relation_changed, self._on_cluster_changed)
        framework.observe(on["cluster"].relation_departed, self._on_cluster_departed)
        framework.observe(on["web"].relation_created, self._on_web_created)
        framework.observe(on["web"].relation_joined, self._on_web_joined)
        framework.observe(on["web"].relation_changed, self._on_web_changed)
        framework.observe(on["db"].relation_joined, self._on_db_joined)
        framework.observe(on["db"].relation_changed, self._on_db_changed)
        framework.observe(on["db"].relation_broken, self._on_db_broken)
        framework.observe(on.collect_unit_status, self._on_collect_unit_status)

    def _on_data_attached(self, event: ops.StorageAttachedEvent):
        logger.debug("data is at %s", event.storage.location)

    def _on_config_changed(self, _: ops.ConfigChangedEvent):
        self.unit.set_ports(int(self.config["port"]))

    def _on_upgrade_charm(self, _: ops.UpgradeCharmEvent):
        logger.info("stopping the workload")
        logger.info("replacing its files")
        logger.info("starting the workload")

    def _on_leader_elected(self, _: ops.LeaderElectedEvent):
        cluster = self.model.get_relation("cluster")
        if cluster is not None:
            cluster.data[self.app]["leader"] = self.unit.name

    def _on_stop(self, _: ops.StopEvent):
        self.unit.set_ports()

    def _on_secret_changed(self, event: ops.SecretChangedEvent):
        password = event.secret.get_content(refresh=True)["password"]
        logger.debug("the password has %d characters now", len(password))

    def _on_backup(self, event: ops.ActionEvent):
        target = event.params["target"]
        event.log(f"copying to {target}")
        event.set_results({"target": target, "files": 3})

    def _on_cluster_created(self, event: ops.RelationCreatedEvent):
        event.relation.data[self.unit]["zone"] = "north"

    def _on_cluster_joined(self, event: ops.RelationJoinedEvent):
        logger.debug("%s joined", event.unit.name)

    def _on_cluster_changed(self, event: ops.RelationChangedEvent):
        if event.unit is None:
            return
        theirs = event.relation.data[event.unit]
        logger.debug("%s is in zone %s and rack %s", event.unit.name, theirs.get("zone"), theirs.get("rack"))

    def _on_cluster_departed(self, event: ops.RelationDepartedEvent):
        logger.debug("%s departed", event.unit.name)

    def _on_web_created(self, event: ops.RelationCreatedEvent):
        if not self.unit.is_leader():
            return
        secret = self.app.add_secret({"token": "hunter2"}, label=f"web-{event.relation.id}")
        secret.grant(event.relation)
        event.relation.data[self.app]["token"] = secret.id

    def _on_web_joined(self, event: ops.RelationJoinedEvent):
        if self.unit.is_leader():
            event.relation.data[self.app]["port"] = str(self.config["port"])

    def _on_web_changed(self, event: ops.RelationChangedEvent):
        event.relation.data[self.unit]["path"] = "/shop"

    def _on_db_joined(self, event: ops.RelationJoinedEvent):
        address = self.model.get_binding(event.relation).network.bind_address
        event.relation.data[self.unit]["address"] = str(address)

    def _on_db_changed(self, event: ops.RelationChangedEvent):
        if event.unit is None:
            return
        host = event.relation.data[event.unit].get("host")
        password = event.relation.data[event.app].get("password")
        if not host or not password:
            event.defer()
            return
        content = self.model.get_secret(id=password).get_content()
        logger.info("the database is at %s, its password has %d characters", host, len(content["password"]))

    def _on_db_broken(self, _: ops.RelationBrokenEvent):
        logger.info("the database is gone")

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent):
        if self.model.get_relation("db") is None:
            event.add_status(ops.BlockedStatus("needs a database"))
        event.add_status(ops.ActiveStatus())


if __name__ == "__main__":
    ops.main(FullCharm)
