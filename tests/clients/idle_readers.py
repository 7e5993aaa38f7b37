"""Opens many live readers of a ledger that have nothing to read, and readers that do not read.

It prints the server's memory before and with the readers, then keeps the readers open while another
program writes, and prints once a second how many readers are left, and the server's memory and
processor time.

Usage: idle_readers.py http://HOST:PORT [--readers 10000] [--stalled 1] [--seconds 30] [--pid PID]
                       [--query 'source=urn:idle:{n}']

An idle reader asks for a silent sender (so the reader is never woken), reads all that it is sent
and counts the events. A stalled reader asks for the whole log and reads nothing. With --query ''
the idle readers ask for all events after the log's end. --pid needs the server on this machine;
both sides need one open file per reader (ulimit -n).
"""

import argparse
import asyncio
import json
import os
import re
import resource
import socket
import sys
import time
import urllib.request
from urllib.parse import urlsplit

# Connections that are opened at once: the server's accept queue holds 1,024.
OPENING = 200


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--stalled", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--query", default="source=urn:idle:{n}")
    return parser.parse_args()


def memory_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status.read(), re.M)[1])


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request(host, query, last):
    lines = [f"GET /v1/events?{query} HTTP/1.1", f"host: {host}", "accept: text/event-stream"]
    if last is not None:
        lines.append(f"last-event-id: {last}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Reader(asyncio.Protocol):
    open = 0
    events = 0
    lost = 0

    def __init__(self, text, ready):
        self.text, self.ready, self.has_begun = text, ready, False

    def connection_made(self, transport):
        transport.write(self.text)

    def data_received(self, data):
        if not self.has_begun:
            self.has_begun = True
            if not data.startswith(b"HTTP/1.1 200"):
                sys.exit(f"refused: {data[:200]!r}")
            Reader.open += 1
            self.ready.set_result(None)
        Reader.events += data.count(b"data: ")

    def connection_lost(self, error):
        if self.has_begun:
            Reader.open -= 1
            Reader.lost += 1
        elif not self.ready.done():
            self.ready.set_exception(error or ConnectionError("closed before an answer"))


def stalled(host, port):
    """A connection with the smallest buffers, from which nothing is ever read."""
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stream.connect((host, port))
    stream.sendall(request(host, "", None))
    return stream


async def main():
    arguments = parse()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    place = urlsplit(arguments.url)
    with urllib.request.urlopen(arguments.url + "/health") as answer:
        end = json.load(answer)["components"]["store"]["position"]
    before = memory_kib(arguments.pid) if arguments.pid else 0
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(OPENING)

    async def idle(n):
        text = request(place.netloc, arguments.query.format(n=n), end)
        async with gate:
            ready = loop.create_future()
            await loop.create_connection(lambda: Reader(text, ready), place.hostname, place.port)
            await ready

    started = time.monotonic()
    await asyncio.gather(*(idle(n) for n in range(arguments.readers)))
    print(f"{Reader.open} idle readers opened in {time.monotonic() - started:.1f} s", flush=True)
    if arguments.pid:
        await asyncio.sleep(1)
        now = memory_kib(arguments.pid)
        each = (now - before) / max(arguments.readers, 1)
        print(f"server: {before} KiB before, {now} KiB with them, {each:.1f} KiB each", flush=True)
    not_reading = [stalled(place.hostname, place.port) for _ in range(arguments.stalled)]
    until = time.monotonic() + arguments.seconds
    computed = processor_seconds(arguments.pid) if arguments.pid else 0
    while time.monotonic() < until:
        await asyncio.sleep(1)
        line = f"{Reader.open} open, {Reader.lost} lost, {Reader.events} events"
        if arguments.pid:
            so_far = processor_seconds(arguments.pid)
            share = so_far - computed
            line += f"; server {memory_kib(arguments.pid)} KiB, {share:.2f} s of a processor"
            computed = so_far
        print(line, flush=True)
    for stream in not_reading:
        stream.close()


if __name__ == "__main__":
    asyncio.run(main())
