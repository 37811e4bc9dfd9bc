"""Refused transactions, scripts and SELECTs among ordinary work, by Python's redis package: PORT ROUNDS."""
import sys

import redis

port, rounds = int(sys.argv[1]), int(sys.argv[2])
r = redis.Redis(host="127.0.0.1", port=port, socket_timeout=5, client_name="py-refused")
one = redis.Redis(host="127.0.0.1", port=port, socket_timeout=5, single_connection_client=True)


def same(got, want, what):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


def refused(work, what):
    try:
        got = work()
    except redis.ResponseError as error:
        same("sluice: " in str(error), True, f"{what}: {error}")
    else:
        sys.exit(f"{what}: got {got!r}, and no error")


def watched():
    with r.pipeline() as pipe:
        pipe.watch("py:n")
        pipe.multi()
        pipe.incr("py:n")
        return pipe.execute()


for i in range(rounds):
    key, value = f"py:{i}", f"value-{i}".encode()
    same(r.set(key, value), True, "set")
    refused(lambda: r.pipeline().incr("py:n").set(key, "wrong").publish("c", "x").execute(), "a transaction")
    same(r.get(key), value, "get behind a refused transaction")
    refused(watched, "a watched transaction")
    same(r.get(key), value, "get behind a refused watch")
    refused(lambda: r.eval("return redis.call('incr', 'py:n')", 0), "a script")
    same(r.get(key), value, "get behind a refused script")
    refused(lambda: one.execute_command("SELECT", 3), "select")
    refused(lambda: one.set(key, "wrong"), "set behind a refused select")
    refused(lambda: one.flushdb(), "flushdb behind a refused select")
    same(one.execute_command("SELECT", 0), True, "select 0")
    same(one.get(key), value, "get behind select 0")
same(r.get("py:n"), None, "what was refused")
print("python: all refusals are whole")
