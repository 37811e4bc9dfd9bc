"""Do both servers hold the same? Asked of the servers themselves, key by key, when all is quiet and repaired."""
import collections, itertools, json, time
from wire import Connection

Difference = collections.namedtuple("Difference", "key text")
State = collections.namedtuple("State", "different keys lost status")


def settle(run):
    """Waits until the proxy says that nothing is under way or doubtful; what kept it from being quiet otherwise.

    Only a mirror is repaired in the background, so both stacks take their turn at being one.
    """
    run.disturbances.order("REARM")
    calm, deadline, status = 0, time.monotonic() + run.options.patience, {}
    stages, turn = itertools.cycle(["dualwrite", "rampdown"]), 0
    while calm < 5 and time.monotonic() < deadline:
        if time.monotonic() > turn and not calm:
            run.disturbances.order("STAGE", next(stages))
            turn = time.monotonic() + 3
        status = run.look()
        quiet = status and all(stack["health"] == "up" and not stack["suspects"] and not stack["mirror_queue"]
                               and not stack["in_flight"] for stack in status["stacks"].values())
        calm = calm + 1 if quiet else 0
        time.sleep(0.1)
    return status, None if calm == 5 else f"not quiet after {run.options.patience:g} s: " + json.dumps((status or {}).get("stacks"))


def compare(run):
    """Each difference as a line; how many keys there are; how many a stack lost that was killed, or emptied for a doubt."""
    status, trouble = settle(run)
    different = [Difference(None, trouble)] if trouble else []
    time.sleep(1)  # whatever has less than a second to live is gone then, on both
    servers = {server.name: Connection(server.port) for server in (run.legacy, run.new)}
    keys = sorted({key for server in servers.values() for key in server.ask("KEYS", "*")})
    lost = collections.Counter()
    may_be_empty = {server.name: bool(server.kills) or has_doubtful_flush(run) for server in (run.legacy, run.new)}
    for start in range(0, len(keys), 500):
        some = keys[start:start + 500]
        found = {}
        for name, server in servers.items():
            replies = server.ask_many([words for key in some for words in (
                ("DEBUG", "DIGEST-VALUE", key), ("PEXPIRETIME", key), ("TYPE", key))])
            found[name] = list(zip(replies[0::3], replies[1::3], replies[2::3]))
        for key, old, new in zip(some, found["legacy"], found["new"]):
            for side, other, name in ((old, new, "legacy"), (new, old, "new")):
                if side[1] == -2 and other[1] != -2 and may_be_empty[name]:
                    lost[name] += 1
                    break
            else:
                same = old[0] == new[0] or is_same_sketch(servers, key, old, new)
                if not same or old[2] != new[2] or apart(old[1], new[1]) > run.options.ttl_ms:
                    different.append(Difference(key.decode(), f"legacy {describe(servers['legacy'], key, old)}, "
                                                              f"new {describe(servers['new'], key, new)}"))
    return State(different, len(keys), lost, status)


def has_doubtful_flush(run):
    """Whether nobody may know if a stack was emptied: then it is, and what it lacks comes back as clients write it."""
    return any(not flush.known or any(start <= flush.end and flush.start <= end for start, end in run.disturbances.spans)
               for flush in run.registers.flushes)


def is_same_sketch(servers, key, old, new):
    """PFCOUNT keeps what it counted in bytes 8 to 15 of the value: a read that changes what DUMP says, and nothing else."""
    if not old[2] == new[2] == "string":
        return False
    values = [server.ask("GET", key) or b"" for server in servers.values()]
    return all(value.startswith(b"HYLL") for value in values) and len({value[:8] + value[16:] for value in values}) == 1


def apart(old, new):
    """Milliseconds between two times of expiry; without end if only one of them has one, or a key."""
    return 0 if old == new else abs(old - new) if min(old, new) > 0 else float("inf")


def describe(server, key, found):
    digest, expiry, kind = found
    if kind == "none":
        return "nothing"
    words = {"string": ["GET", key], "hash": ["HGETALL", key], "list": ["LRANGE", key, 0, -1], "set": ["SMEMBERS", key],
             "zset": ["ZRANGE", key, 0, -1, "WITHSCORES"], "stream": ["XRANGE", key, "-", "+"]}[kind]
    return f"{kind} {str(server.ask(*words)).split('xxxxxxxxxx')[0][:300]} expires {expiry}"
