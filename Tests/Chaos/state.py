"""Do both servers hold the same? Asked of the servers themselves, key by key, when all is quiet and repaired."""
import collections, itertools, json, re, time
from layers import Unreadable
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
            run.disturbances.order("STAGE", next(stages), "FORCE", "chaos")
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
    stacks = {server.name: Stack(server, run) for server in (run.legacy, run.new)}
    old, new = (stack.read() for stack in stacks.values())
    lost, without_end = collections.Counter(), endless(run)
    for name, stack in stacks.items():
        different += [Difference(key, f"{name} holds it without its prefix") for key in stack.strange]
    for key in sorted(old.keys() | new.keys()):
        one, other = (found.get(key, ABSENT) for found in (old, new))
        for side, its, rest in (("legacy", one, other), ("new", other, one)):
            if its is ABSENT and rest is not ABSENT and stacks[side].may_be_empty:
                lost[side] += 1
                break
        else:
            ends = ends_alike(run.options.layers, one, other, run.options.ttl_ms, (run.began_at, time.time()), key in without_end)
            if not ends or not is_same(one, other):
                different.append(Difference(key.decode(), f"legacy {stacks['legacy'].describe(key, one)}, "
                                                          f"new {stacks['new'].describe(key, other)}"))
    return State(different, len(old.keys() | new.keys()), lost, status)


class Stack:
    """One server behind its layers: what its keys and values are to clients."""

    def __init__(self, server, run):
        self.layers, self.connection, self.kind = run.options.layers[server.name], Connection(server.port), server.kind
        self.reads_by_value = run.legacy.kind != run.new.kind  # servers of two versions digest values in two ways
        self.has_field_times = not {"redis-6.2", "redis-7.0"} & {run.legacy.kind, run.new.kind}
        # What was written in memory while the server was away is forgotten there, and lanes that doubt a stack empty it.
        lives = [status["stacks"][server.name].get("layers") or {} for status in run.statuses.values()]
        self.may_be_empty = bool(server.kills) or has_doubtful_flush(run) or any(life.get("losses") for life in lives)
        self.strange = []  # keys that clients could never reach

    def read(self):
        """Every key that there is, as clients know it."""
        found, stored = {}, self.connection.ask("KEYS", "*")
        self.strange = [key for key in stored if self.layers.key(key) is None]
        for start in range(0, len(stored), 500):
            some = [key for key in stored[start:start + 500] if self.layers.key(key) is not None]
            time_of = "PTTL" if self.kind == "redis-6.2" else "PEXPIRETIME"
            digest = ("PING",) if self.reads_by_value else ("DEBUG", "DIGEST-VALUE")
            replies = self.connection.ask_many([words for key in some for words in (
                digest + (() if self.reads_by_value else (key,)), (time_of, key), ("TYPE", key), ("GET", key))])
            now = int(time.time() * 1000)
            for key, *its in zip(some, replies[0::4], replies[1::4], replies[2::4], replies[3::4]):
                if its[2] == "none":
                    continue
                if self.reads_by_value:
                    its[0] = Contents(self.connection, key, its[2], self.has_field_times)
                if time_of == "PTTL" and its[1] >= 0:
                    its[1] += now
                found[self.layers.key(key)] = Found(*its[:3], self.value(its[3]) if its[2] == "string" else None)
        return found

    def value(self, stored):
        try:
            return stored if stored is None else self.layers.value(stored)
        except Unreadable as error:
            return error  # equal to nothing

    def describe(self, key, found):
        if found is ABSENT:
            return "nothing"
        key = self.layers.prefix + key
        words = {"string": ["GET", key], "hash": ["HGETALL", key], "list": ["LRANGE", key, 0, -1], "set": ["SMEMBERS", key],
                 "zset": ["ZRANGE", key, 0, -1, "WITHSCORES"], "stream": ["XRANGE", key, "-", "+"]}[found.kind]
        value = found.value if found.kind == "string" else self.connection.ask(*words)
        return f"{found.kind} {str(value).split('xxxxxxxxxx')[0][:300]} expires {found.expiry}"


class Contents:
    """A value read by its type, as servers of any version say the same of it; in the place of a digest."""

    def __init__(self, connection, key, kind, has_field_times):
        self.times = {}
        if kind == "hash":
            pairs = connection.ask("HGETALL", key)
            self.value = dict(zip(pairs[::2], pairs[1::2]))
            if has_field_times and self.value:
                times = connection.ask("HPEXPIRETIME", key, "FIELDS", len(self.value), *self.value)
                self.times = {field: at for field, at in zip(self.value, times or []) if at >= 0}
        elif kind == "set":
            self.value = set(connection.ask("SMEMBERS", key))
        elif kind == "zset":
            pairs = connection.ask("ZRANGE", key, 0, -1, "WITHSCORES")
            self.value = {member: float(score) for member, score in zip(pairs[::2], pairs[1::2])}
        elif kind == "list":
            self.value = connection.ask("LRANGE", key, 0, -1)
        elif kind == "stream":
            self.value = connection.ask("XRANGE", key, "-", "+"), [
                (group[1], group[group.index(b"last-delivered-id") + 1],
                 [entry[:2] + entry[3:] for entry in connection.ask("XPENDING", key, group[1], "-", "+", 10000)])
                for group in connection.ask("XINFO", "GROUPS", key)]
        else:
            self.value = kind

    def __eq__(self, other):
        return self.value == other.value and self.times.keys() == other.times.keys() and \
            all(abs(at - other.times[field]) < 2000 for field, at in self.times.items())


Found = collections.namedtuple("Found", "digest expiry kind value")
ABSENT = Found(None, -2, "none", None)


def is_same(one, other):
    if one.kind != other.kind:
        return False
    return one.value == other.value or is_same_sketch(one.value, other.value) if one.kind == "string" else one.digest == other.digest


def is_same_sketch(one, other):
    """PFCOUNT keeps what it counted in bytes 8 to 15 of the value: a read that changes what DUMP says, and nothing else."""
    return all(isinstance(value, bytes) and value.startswith(b"HYLL") for value in (one, other)) and \
        one[:8] + one[16:] == other[:8] + other[16:]


def ends_alike(layers, one, other, tolerance, span, is_endless):
    """At one time; or a string, when each stack's own layers say: copies have the other's time, fresh ones their own.

    `span`: when it may have been written. `is_endless`: somebody may have taken its end away.
    """
    def may_end(stack, found):
        if found.expiry == -1:
            return stack.default_ttl is None or found.kind != "string" or is_endless
        return found.kind == "string" and stack.gives(found.expiry, *span)

    if min(one.expiry, other.expiry) > 0 and abs(one.expiry - other.expiry) <= tolerance:
        return True
    return (one.expiry == other.expiry or one.kind == "string") and may_end(layers["legacy"], one) and may_end(layers["new"], other)


ENDLESS = {"PERSIST", "SETBIT", "BITFIELD", "BITOP", "PFADD", "PFMERGE"}  # give a string no end, whatever the default


def endless(run):
    """Strings that may have no end though a layer gives one by default: by one of those commands, or moved there."""
    keys, moves = set(), []
    for words in itertools.chain.from_iterable((one[2] for one in wild) for wild in run.wild):
        name, names = words[0], [str(word).encode() for word in words if str(word).startswith("w:")]
        if name in ENDLESS or "PERSIST" in words:
            keys.update(names)
        elif name in ("RENAME", "RENAMENX", "COPY"):
            moves.append(names)
    strings = re.compile(rb"w:(\{)?(str|int|hll)")
    keys.update(one for one, _ in moves if not strings.match(one))  # other types have no end, and a string over one keeps that
    while grown := [two for one, two in moves if one in keys and two not in keys]:
        keys.update(grown)
    return keys


def has_doubtful_flush(run):
    """Whether nobody may know if a stack was emptied: then it is, and what it lacks comes back as clients write it."""
    return any(not flush.known or any(start <= flush.end and flush.start <= end for start, end in run.disturbances.spans)
               for flush in run.registers.flushes)
