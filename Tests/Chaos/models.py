"""What Redis's types do, as far as the clients need it to foretell replies.

A model takes the value of a key (None: absent), the words behind the key and the reply, and says the value
afterwards and the reply that the server must give. What only the server can know, as which member SPOP took, is taken from
the reply.
"""

NEVER = object()  # a reply that no server gives


# Strings ----------------------------------------------------------------------------------------------------------------

def set_(value, args, reply):
    return args[0], "OK"


def getset(value, args, reply):
    return args[0], value


def getdel(value, args, reply):
    return None, value


def delete(value, args, reply):
    return None, int(value is not None)


def add(value, args, reply, sign=1):
    result = int(value or b"0") + sign * (int(args[0]) if args else 1)
    return b"%d" % result, result


def subtract(value, args, reply):
    return add(value, args, reply, -1)


def append(value, args, reply):
    result = (value or b"") + args[0]
    return result, len(result)


def setrange(value, args, reply):
    at, piece = int(args[0]), args[1]
    old = (value or b"").ljust(at, b"\0")
    result = old[:at] + piece + old[at + len(piece):]
    return result, len(result)


# Hashes: frozenset of pairs ---------------------------------------------------------------------------------------------

def pairs(words):
    return list(zip(words[::2], words[1::2]))


def hset(value, args, reply):
    fields = dict(value or ())
    before = len(fields)
    fields.update(pairs(args))
    return frozenset(fields.items()), len(fields) - before


def hsetnx(value, args, reply):
    fields = dict(value or ())
    if args[0] in fields:
        return value, 0
    return hset(value, args, reply)


def hdel(value, args, reply):
    fields = dict(value or ())
    gone = sum(fields.pop(field, None) is not None for field in dict.fromkeys(args))
    return frozenset(fields.items()) or None, gone


def hincrby(value, args, reply):
    fields = dict(value or ())
    result = int(fields.get(args[0], b"0")) + int(args[1])
    fields[args[0]] = b"%d" % result
    return frozenset(fields.items()), result


# Lists: tuples ----------------------------------------------------------------------------------------------------------

def lpush(value, args, reply):
    result = tuple(reversed(args)) + (value or ())
    return result, len(result)


def rpush(value, args, reply):
    result = (value or ()) + tuple(args)
    return result, len(result)


def lpushx(value, args, reply):
    return lpush(value, args, reply) if value else (None, 0)


def lpop(value, args, reply):
    return (value[1:] or None, value[0]) if value else (None, None)


def rpop(value, args, reply):
    return (value[:-1] or None, value[-1]) if value else (None, None)


def ltrim(value, args, reply):
    first, last = int(args[0]), int(args[1])
    items = value or ()
    return items[first:len(items) + last + 1 if last < 0 else last + 1] or None, "OK"


def lrem(value, args, reply):
    items = list(value or ())
    count = items.count(args[1])
    return tuple(item for item in items if item != args[1]) or None, count


def linsert(value, args, reply):
    if not value:
        return None, 0
    if args[1] not in value:
        return value, -1
    at = value.index(args[1]) + (args[0] == b"AFTER")
    result = value[:at] + (args[2],) + value[at:]
    return result, len(result)


# Sets: frozensets -------------------------------------------------------------------------------------------------------

def sadd(value, args, reply):
    old = value or frozenset()
    result = old | frozenset(args)
    return result, len(result) - len(old)


def srem(value, args, reply):
    old = value or frozenset()
    result = old - frozenset(args)
    return result or None, len(old) - len(result)


def spop(value, args, reply):
    if not value:
        return None, None
    return (value - {reply} or None, reply) if reply in value else (value, NEVER)


# Sorted sets: frozensets of (member, score) -----------------------------------------------------------------------------

def zadd(value, args, reply):
    scores = dict(value or ())
    before = len(scores)
    scores.update((member, float(score)) for score, member in pairs(args))
    return frozenset(scores.items()), len(scores) - before


def zincrby(value, args, reply):
    scores = dict(value or ())
    scores[args[1]] = scores.get(args[1], 0.0) + float(args[0])
    return frozenset(scores.items()), b"%d" % scores[args[1]]


def zrem(value, args, reply):
    scores = dict(value or ())
    gone = sum(scores.pop(member, None) is not None for member in dict.fromkeys(args))
    return frozenset(scores.items()) or None, gone


def ranked(value):
    return sorted(value or (), key=lambda item: (item[1], item[0]))


def zpopmin(value, args, reply, at=0):
    order = ranked(value)
    if not order:
        return None, []
    member, score = order[at]
    return value - {(member, score)} or None, [member, b"%d" % score]


def zpopmax(value, args, reply):
    return zpopmin(value, args, reply, -1)


def zremrangebyrank(value, args, reply):
    first, last = int(args[0]), int(args[1])
    gone = ranked(value)[first:last + 1]
    return (value or frozenset()) - frozenset(gone) or None, len(gone)


# Streams: tuples of (id, fields). An emptied one is still a key, though it reads like none --------------------------------

def xadd(value, args, reply):
    # MAXLEN = n * field value
    items = (value or ()) + ((reply, tuple(args[4:])),)
    return items[-int(args[2]):], reply


def xdel(value, args, reply):
    items = tuple(item for item in value or () if item[0] not in args)
    return items if value is not None else None, len(value or ()) - len(items)


def xtrim(value, args, reply):
    items = value or ()
    kept = items[len(items) - int(args[2]):] if len(items) > int(args[2]) else items
    return kept if value is not None else None, len(items) - len(kept)


# Reads ------------------------------------------------------------------------------------------------------------------

def get(reply):
    return reply


def hgetall(reply):
    return frozenset(pairs(reply)) or None


def lrange(reply):
    return tuple(reply) or None


def smembers(reply):
    return frozenset(reply) or None


def zrange(reply):
    return frozenset((member, float(score)) for member, score in pairs(reply)) or None


def xrange_(reply):
    return tuple((identifier, tuple(fields)) for identifier, fields in reply) or None


WRITES = {
    "SET": set_, "GETSET": getset, "GETDEL": getdel, "DEL": delete, "UNLINK": delete, "INCR": add, "INCRBY": add,
    "DECR": subtract, "DECRBY": subtract, "APPEND": append, "SETRANGE": setrange,
    "HSET": hset, "HSETNX": hsetnx, "HDEL": hdel, "HINCRBY": hincrby,
    "LPUSH": lpush, "RPUSH": rpush, "LPUSHX": lpushx, "LPOP": lpop, "RPOP": rpop, "LTRIM": ltrim, "LREM": lrem,
    "LINSERT": linsert, "SADD": sadd, "SREM": srem, "SPOP": spop, "ZADD": zadd, "ZINCRBY": zincrby, "ZREM": zrem,
    "ZPOPMIN": zpopmin, "ZPOPMAX": zpopmax, "ZREMRANGEBYRANK": zremrangebyrank, "XADD": xadd, "XDEL": xdel,
    "XTRIM": xtrim,
}
RANDOM = {  # without its reply nobody can say what it did
    "SPOP", "XADD",
}
READS = {
    "counter": (["GET"], [], get), "text": (["GET"], [], get), "hash": (["HGETALL"], [], hgetall),
    "list": (["LRANGE"], ["0", "-1"], lrange), "set": (["SMEMBERS"], [], smembers),
    "zset": (["ZRANGE"], ["0", "-1", "WITHSCORES"], zrange), "stream": (["XRANGE"], ["-", "+"], xrange_),
}


def pair(name, values, args, reply):
    """The commands over both keys of a unit: their values afterwards, and the reply."""
    one, two = values
    if name == "RPOPLPUSH":
        if not one:
            return (None, two), None
        return (one[:-1] or None, one[-1:] + (two or ())), one[-1]
    if name == "SMOVE":
        if not one or args[0] not in one:
            return values, 0
        return (one - {args[0]} or None, (two or frozenset()) | {args[0]}), 1
    if name == "SUNIONSTORE":  # the second takes both
        union = (one or frozenset()) | (two or frozenset())
        return (one, union or None), len(union)
    if name == "COPY":
        return ((one, one) if one is not None else values), int(one is not None)
    if name == "RENAME":
        return (values, NO_KEY) if one is None else ((None, one), "OK")
    raise KeyError(name)


NO_KEY = "ERR no such key"
PAIRS = {"RPOPLPUSH", "SMOVE", "SUNIONSTORE", "COPY", "RENAME"}


def draw(rng, kind, tick):
    """A write for a key of this kind: its name and the words behind the key. `tick` is a number not used before."""
    fresh, some = b"v%d" % tick, b"m%d" % rng.randrange(8)
    number = b"%d" % rng.randrange(-20, 21)
    if rng.random() < 0.06:
        return rng.choice(["DEL", "UNLINK"]), []
    if kind == "counter":
        name = rng.choice(["INCR"] * 6 + ["INCRBY", "DECR", "DECRBY", "SET", "GETSET"])
        return name, {"INCR": [], "DECR": []}.get(name, [b"%d" % (1000 * tick) if "SET" in name else number])
    if kind == "text":
        name = rng.choice(["APPEND"] * 4 + ["SETRANGE", "SETRANGE", "SET", "GETSET", "GETDEL"])
        return name, [b"%d" % rng.randrange(60), fresh] if name == "SETRANGE" else [] if name == "GETDEL" else [fresh]
    if kind == "hash":
        name = rng.choice(["HSET"] * 4 + ["HSETNX", "HDEL", "HINCRBY"])
        if name == "HINCRBY":
            return name, [b"n", number]
        return name, [some] if name == "HDEL" else [some, fresh]
    if kind == "list":
        name = rng.choice(["LPUSH", "RPUSH", "RPUSH", "LPUSHX", "LPOP", "RPOP", "LTRIM", "LREM", "LINSERT", "RPOPLPUSH",
                           "RENAME", "COPY"])
        return name, {"LPOP": [], "RPOP": [], "LTRIM": [b"0", b"7"], "LREM": [b"0", b"pivot"], "COPY": [b"REPLACE"],
                      "LINSERT": [b"BEFORE", b"pivot", fresh], "RPOPLPUSH": [], "RENAME": []}.get(
                          name, [fresh, b"pivot"] if rng.random() < 0.3 else [fresh])
    if kind == "set":
        name = rng.choice(["SADD"] * 4 + ["SREM", "SPOP", "SPOP", "SMOVE", "SUNIONSTORE"])
        return name, [] if name in ("SPOP", "SUNIONSTORE") else [fresh if rng.random() < 0.3 and name == "SADD" else some]
    if kind == "zset":
        name = rng.choice(["ZADD"] * 4 + ["ZINCRBY", "ZREM", "ZPOPMIN", "ZPOPMAX", "ZREMRANGEBYRANK"])
        score = b"%d" % rng.randrange(100)
        return name, {"ZADD": [score, some], "ZINCRBY": [score, some], "ZREM": [some], "ZREMRANGEBYRANK": [b"0", b"1"]}.get(name, [])
    name = rng.choice(["XADD"] * 4 + ["XTRIM"])
    return name, [b"MAXLEN", b"=", b"8", b"*", b"f", fresh] if name == "XADD" else [b"MAXLEN", b"=", b"%d" % rng.randrange(8)]
