"""The ordinary work of a cache client, by Python's redis package: PORT all|strings."""
import sys

import redis

port, scope = int(sys.argv[1]), sys.argv[2]
r = redis.Redis(host="127.0.0.1", port=port, socket_timeout=5)


def same(got, want, what):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


same(r.ping(), True, "ping")
same(r.echo("hello"), b"hello", "echo")
r.flushdb()
same(r.dbsize(), 0, "an empty cache")

same(r.set("py:1", "one", ex=100), True, "set ex")
same(r.get("py:1"), b"one", "get")
same(0 < r.ttl("py:1") <= 100, True, "ttl")
same(r.expire("py:1", 200), True, "expire")
same(100 < r.ttl("py:1") <= 200, True, "a longer ttl")
same(r.persist("py:1"), True, "persist")
same(r.ttl("py:1"), -1, "no ttl")
same(r.set("py:1", "two", nx=True), None, "set nx on a key that is there")
same(r.set("py:1", "two", xx=True, px=60000), True, "set xx")
same(r.get("py:nothing"), None, "a miss")
binary = bytes(range(256)) * 300
same(r.set("py:binary", binary), True, "set of binary bytes")
same(r.get("py:binary"), binary, "get of binary bytes")
same(r.set(b"py:\x00\xff\r\n", b"\r\n$3\r\n"), True, "a binary key")
same(r.get(b"py:\x00\xff\r\n"), b"\r\n$3\r\n", "the value of a binary key")
same(r.append("py:text", "abc"), 3, "append")
same(r.strlen("py:text"), 3, "strlen")
same(r.getrange("py:text", 1, 2), b"bc", "getrange")
same(r.type("py:text"), b"string", "type")

keys = [f"py:many:{i}" for i in range(200)]
same(r.mset({key: f"v-{key}" for key in keys}), True, "mset")
same(r.mget(keys + ["py:nothing"]), [f"v-{key}".encode() for key in keys] + [None], "mget")
same(r.exists(*keys, "py:nothing"), 200, "exists")
same(r.touch(*keys[:10]), 10, "touch")
same(sorted(r.scan_iter(match="py:many:*", count=17)), sorted(k.encode() for k in keys), "scan")
same(sorted(r.keys("py:many:*")), sorted(k.encode() for k in keys), "keys")
same(r.delete(*keys[:150], "py:nothing"), 150, "delete")
same(r.unlink(*keys[150:]), 50, "unlink")

same([r.incr("py:n") for _ in range(3)], [1, 2, 3], "incr")
same(r.incrby("py:n", 39), 42, "incrby")
same(r.decr("py:n"), 41, "decr")

with r.pipeline(transaction=False) as pipe:
    for i in range(500):
        pipe.set(f"py:pipe:{i}", i)
        pipe.get(f"py:pipe:{i}")
    same(pipe.execute(), [x for i in range(500) for x in (True, str(i).encode())], "pipeline")

try:
    r.execute_command("NO-SUCH-COMMAND", "py:x")
    sys.exit("an unknown command went through")
except redis.ResponseError:
    pass

if scope == "all":
    same(r.hset("py:h", mapping={"a": 1, "b": "2", "c": b"\x00"}), 3, "hset")
    same(r.hgetall("py:h"), {b"a": b"1", b"b": b"2", b"c": b"\x00"}, "hgetall")
    same(r.hmget("py:h", "a", "z"), [b"1", None], "hmget")
    same(r.hincrby("py:h", "a", 5), 6, "hincrby")
    same(dict(r.hscan_iter("py:h")), {b"a": b"6", b"b": b"2", b"c": b"\x00"}, "hscan")
    same(r.hdel("py:h", "a", "z"), 1, "hdel")
    same(r.rpush("py:l", "a", "b", "c"), 3, "rpush")
    same(r.lpush("py:l", "z"), 4, "lpush")
    same(r.lrange("py:l", 0, -1), [b"z", b"a", b"b", b"c"], "lrange")
    same(r.lpop("py:l"), b"z", "lpop")
    same(r.rpop("py:l"), b"c", "rpop")
    same(r.llen("py:l"), 2, "llen")
    same(r.sadd("py:s", *"abc"), 3, "sadd")
    same(r.smembers("py:s"), {b"a", b"b", b"c"}, "smembers")
    same(r.sismember("py:s", "a"), True, "sismember")
    same(r.srem("py:s", "a"), 1, "srem")
    same(r.sadd("{py}:s1", *"abcd"), 4, "sadd of one tag")
    same(r.sadd("{py}:s2", *"cdef"), 4, "sadd of one tag")
    same(r.sinter("{py}:s1", "{py}:s2"), {b"c", b"d"}, "sinter of one tag")
    same(r.zadd("py:z", {"a": 1, "b": 2.5, "c": 3}), 3, "zadd")
    same(r.zrange("py:z", 0, -1, withscores=True), [(b"a", 1.0), (b"b", 2.5), (b"c", 3.0)], "zrange")
    same(r.zincrby("py:z", 5, "a"), 6.0, "zincrby")
    same(r.zrank("py:z", "a"), 2, "zrank")
    same(r.zrangebyscore("py:z", 2, 3), [b"b", b"c"], "zrangebyscore")
    same(r.zpopmin("py:z"), [(b"b", 2.5)], "zpopmin")
    same(r.pfadd("py:hll", *"abc"), 1, "pfadd")
    same(r.pfcount("py:hll"), 3, "pfcount")
    same(r.setbit("py:bits", 7, 1), 0, "setbit")
    same(r.bitcount("py:bits"), 1, "bitcount")
    try:
        r.lpush("py:h", "x")
        sys.exit("a list command on a hash went through")
    except redis.ResponseError as error:
        same(str(error).startswith("WRONGTYPE"), True, "the error of a wrong type")

same("redis_version" in r.info(), True, "info")
same(r.flushdb(), True, "flushdb")
same(r.dbsize(), 0, "dbsize after flushdb")
print("python: all well")
