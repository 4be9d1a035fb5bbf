"""Tells its language, and shows those that it hears of."""

from charmhelpers.core import hookenv
from charms.reactive import endpoint_from_flag, when_any, when_none

JOINED = ("endpoint.tells.joined", "endpoint.hears.joined")


def endpoints():
    return [endpoint for endpoint in map(endpoint_from_flag, JOINED) if endpoint]


@when_any(*JOINED)
def tell():
    for endpoint in endpoints():
        endpoint.tell("reactive")


@when_any(*JOINED)
def show():
    heard = sorted(set().union(*(endpoint.heard() for endpoint in endpoints())))
    if heard:
        hookenv.status_set("active", f"hears {' '.join(heard)}")


@when_none(*JOINED)
def wait():
    hookenv.status_set("waiting", "hears nothing")
