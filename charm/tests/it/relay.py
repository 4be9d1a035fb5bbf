"""Carries frames between two TAP devices, each after a delay: what netem is for, where the kernel has none.

    relay.py DEVICE DEVICE MILLISECONDS

Prints a line when both devices are there.
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def tap(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return device


def main() -> None:
    ends = [tap(sys.argv[1]), tap(sys.argv[2])]
    delay = float(sys.argv[3]) / 1000
    late = collections.deque()
    print("ready", flush=True)
    while True:
        left = max(0.0, late[0][0] - time.monotonic()) if late else None
        readable, _, _ = select.select(ends, [], [], left)
        for end in readable:
            try:
                late.append((time.monotonic() + delay, ends[1 - ends.index(end)], os.read(end, 65536)))
            except BlockingIOError:
                pass
        while late and late[0][0] <= time.monotonic():
            _, end, frame = late.popleft()
            try:
                os.write(end, frame)
            except OSError:
                pass


main()
