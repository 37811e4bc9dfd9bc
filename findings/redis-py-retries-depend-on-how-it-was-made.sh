#!/usr/bin/env bash
# A redis-py client that was made from a URL does not try again; one that was made from host and port does.
#
# Expected: Redis.from_url("redis://127.0.0.1:6379/0") and Redis(host="127.0.0.1", port=6379, db=0) are two
#   ways to say the same. The page on the connection examples shows one beside the other.
# Seen: redis-py 8.1.0 gives Redis() a policy of 10 retries with pauses that grow, and from_url() one of none;
#   7.4.1 gives 3 and none. A server that closes its connections and is away for a moment (a restart, a proxy
#   that is replaced) costs the first client nothing but time. The second raises ConnectionError at once.
# Hurts: a migration that was rehearsed with the one way of making clients and is done with the other: the
#   same service shows errors in production that it did not show in the rehearsal. It hurts the other way
#   round as well, for a write that is tried again may be carried out twice.
# Source of the expectation: redis-py's documentation of from_url ("Return a Redis client object configured
#   from the given URL") and of Redis's parameter retry.
# Versions: Redis 7.0.15 (Debian 12); redis-py 8.1.0 and 7.4.1 (PyPI).

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v redis-server >/dev/null; then
  apt-get update -qq && apt-get install -qq -y redis-server >/dev/null
fi
for version in 8.1.0 7.4.1; do
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet --disable-pip-version-check "redis==$version"
  "$work/$version/bin/python" - "$work" "$version" <<'PY'
import atexit, socket, subprocess, sys, threading, time

import redis

work, version = sys.argv[1:]
assert redis.__version__ == version
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


def start():
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", work]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    atexit.register(process.kill)
    for attempt in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
                raw.sendall(b"PING\r\n")
                if raw.recv(64).startswith(b"+PONG"):
                    return process
        except OSError:
            pass
        time.sleep(0.02)
    raise SystemExit("redis-server does not start")


server = start()
server_version = redis.Redis(port=port).info("server")["redis_version"]
assert server_version == "7.0.15", f"7.0.15 was meant, {server_version} came"
WAYS = {
    "Redis(host, port)": lambda: redis.Redis(host="127.0.0.1", port=port),
    "Redis.from_url": lambda: redis.Redis.from_url(f"redis://127.0.0.1:{port}/0"),
}
outcome = {}
for name, make in WAYS.items():
    client = make()
    client.get("k")
    server.kill()
    server.wait()
    # It is away for a moment, and asked meanwhile.
    later = threading.Timer(0.03, lambda: outcome.setdefault(name + " server", start()))
    later.start()
    try:
        client.get("k")
        outcome[name] = "answered"
    except redis.ConnectionError:
        outcome[name] = "ConnectionError"
    later.join()
    server = outcome[name + " server"]
    tries = client.get_retry()
    count = tries.get_retries() if tries else 0
    print(f"redis-py {version}, {name}: {count} retries; a server that is away for a moment: {outcome[name]}")
    outcome[name] = (count, outcome[name])

assert outcome["Redis(host, port)"][0] == (10 if version == "8.1.0" else 3)
assert outcome["Redis.from_url"] == (0, "ConnectionError")
if version == "8.1.0":
    assert outcome["Redis(host, port)"][1] == "answered"
PY
done
echo "as described"
