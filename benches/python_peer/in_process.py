"""How many update-status dispatches a second ops-scenario runs of the charm in src/, in this process.

    python in_process.py <project directory> <seconds> <peers>...

Prints a JSON object: for each number of peers the dispatches per second.
"""

import json
import pathlib
import sys
import time

import yaml

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here / "src"))

from ops import testing  # noqa: E402

from charm import ADDRESSES, ENDPOINT, MagpieCharm  # noqa: E402


def measure(project: pathlib.Path, seconds: float, count: int) -> float:
    meta = yaml.safe_load((project / "metadata.yaml").read_text())
    charmcraft = yaml.safe_load((project / "charmcraft.yaml").read_text())
    config, actions = charmcraft["config"], charmcraft["actions"]
    context = testing.Context(MagpieCharm, meta=meta, config=config, actions=actions, app_name="magpie", unit_id=0)
    peers = {
        number: {
            "ingress-address": f"10.0.0.{number}",
            "private-address": f"10.0.0.{number}",
            "egress-subnets": f"10.0.0.{number}/32",
            ADDRESSES: json.dumps([f"10.0.0.{number}"]),
        }
        for number in range(1, count + 1)
    }
    state = testing.State(relations={testing.PeerRelation(ENDPOINT, peers_data=peers)}, leader=True)
    event = context.on.update_status()
    # The first dispatch announces and acknowledges every peer; what it stored goes into the others.
    state = context.run(event, state)
    assert state.unit_status.message == f"Ready, with {count} peers", state.unit_status
    runs, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        context.run(event, state)
        context.juju_log.clear()
        context.emitted_events.clear()
        runs += 1
    return runs / spent


def main() -> None:
    project, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    print(json.dumps({count: measure(project, seconds, int(count)) for count in sys.argv[3:]}))


if __name__ == "__main__":
    main()
