"""Every command that the proxy supports, with random arguments, on keys that only the state checker looks at."""

WORDS = ["a", "b", "c", "d", "e", "", "10", "-3", "2.5", "long long word"]
FLOATS = ["0.1", "-2.75", "3", "1e3", "0.333333333333", "17"]


class Wild:
    def __init__(self, rng, dump, templates):
        self.rng, self.dump, self.templates = rng, dump, templates

    def draw(self):
        """A command's words."""
        words = []
        for word in self.rng.choice(self.templates):
            made = getattr(self, "a_" + word[1:])() if word[0] == "$" else word
            words += made if isinstance(made, list) else [made]
        return words

    # What the signs stand for. Keys of a kind are few, so that commands meet; a tag keeps some of them together.
    def name(self, kind):
        number = self.rng.randrange(6)
        return f"w:{{{kind}{number % 2}}}:{number}" if self.rng.random() < 0.7 else f"w:{kind}:{number}"

    def tagged(self, kind, count):
        tag = self.rng.randrange(2)
        return [f"w:{{{kind}{tag}}}:{2 * self.rng.randrange(3) + tag}" for _ in range(count)]

    def a_str(self): return self.name("str")
    def a_dump(self): return self.dump
    def a_int(self): return self.name("int")
    def a_hash(self): return self.name("hash")
    def a_list(self): return self.name("list")
    def a_set(self): return self.name("set")
    def a_zset(self): return self.name("zset")
    def a_geo(self): return self.name("geo")
    def a_stream(self): return self.name("stream")
    def a_hll(self): return self.name("hll")
    def a_any(self): return self.name(self.rng.choice(["str", "int", "hash", "list", "set", "zset", "geo", "stream", "hll"]))
    def a_strs(self): return self.tagged("str", 2)
    def a_strs3(self): return self.tagged("str", 3)
    def a_sets(self): return self.tagged("set", 2)
    def a_sets3(self): return self.tagged("set", 3)
    def a_zsets(self): return self.tagged("zset", 2)
    def a_lists(self): return self.tagged("list", 2)
    def a_hlls(self): return self.tagged("hll", 2)
    def a_geos(self): return self.tagged("geo", 2)
    def a_word(self): return self.rng.choice(WORDS)
    def a_words(self): return [self.a_word() for _ in range(self.rng.randint(1, 3))]
    def a_num(self): return self.rng.randrange(-20, 21)
    def a_float(self): return self.rng.choice(FLOATS)
    def a_small(self): return self.rng.randrange(6)
    def a_rank(self): return self.rng.randrange(-2, 4)
    def a_bit(self): return self.rng.randrange(2)
    def a_side(self): return self.rng.choice(["LEFT", "right"])
    def a_seconds(self): return self.rng.randint(1000, 6000) if self.rng.random() < 0.85 else self.rng.randint(-1, 1)
    def a_millis(self): return self.rng.randint(1000_000, 6000_000) if self.rng.random() < 0.7 else self.rng.randint(-5, 400)
    def a_when(self): return 4_000_000_000 + self.rng.randrange(9) if self.rng.random() < 0.8 else 5
    def a_whenms(self): return 4_000_000_000_000 + self.rng.randrange(999) if self.rng.random() < 0.8 else 5
    def a_pairs(self): return [word for _ in range(self.rng.randint(1, 3)) for word in (self.a_word(), self.a_num())]
    def a_scored(self): return [word for _ in range(self.rng.randint(1, 3)) for word in (self.a_float(), self.a_word())]
    def a_place(self): return [f"1{self.rng.randrange(9)}.{self.rng.randrange(90)}", f"38.{self.rng.randrange(90)}", self.a_word()]
    def a_id(self): return f"{self.rng.randint(1, 6)}-1"
    def a_cond(self): return self.rng.choice([[], [], ["NX"], ["XX"], ["GT"], ["LT"]])
    def a_consumer(self): return self.rng.choice(["c1", "c2"])
    def a_life(self): return self.rng.choice([["EX", 1500], ["px", 900_000], ["EXAT", 4_000_000_500], ["PXAT", 4_000_000_000_500],
                                              ["PX", self.rng.randint(50, 500)], ["KEEPTTL"], []])
    def a_trim(self): return self.rng.choice([["MAXLEN", self.a_small()], ["MINID", "=", 3], ["MAXLEN", "~", 2]])

    def a_options_of_set(self):
        options = [self.rng.choice([[], [], ["NX"], ["xx"]]), self.rng.choice([[], [], ["GET"]]), self.a_life()]
        self.rng.shuffle(options)
        return [self.a_str(), self.a_word()] + sum(options, [])

    def a_options_of_getex(self):
        return [self.a_str()] + self.rng.choice([[], ["PERSIST"], ["EX", 1500], ["PX", self.rng.randint(50, 500)]])

    def a_options_of_mset(self):
        keys = self.a_strs3() if self.rng.random() < 0.5 else [self.a_str() for _ in range(3)]
        return [word for key in keys for word in (key, self.a_word())]

    def a_options_of_bitfield(self):
        return [self.a_str()] + self.rng.choice([["GET", "u8", "0"], ["SET", "i5", "3", "7"],
                                                 ["OVERFLOW", "FAIL", "INCRBY", "u2", "1", self.a_small()]])

    def a_options_of_sort(self):
        key = self.rng.choice([self.a_list, self.a_set, self.a_zset])()
        return [key] + self.rng.choice([[], ["LIMIT", 0, 3], ["DESC"]]) + ["ALPHA"] + (["STORE", key] if self.rng.random() < 0.5 else [])

    def a_options_of_xadd(self):
        return [self.a_stream()] + self.rng.choice([[], ["NOMKSTREAM"]]) + (self.a_trim() if self.rng.random() < 0.6 else []) + \
            ["*", "f", self.a_word()]

    def a_moment(self): return [self.rng.choice([4_000_000_000_000 + self.rng.randrange(999)] * 3 + [5])]
    def a_fields(self): return (lambda words: ["FIELDS", len(words)] + words)(list(dict.fromkeys(self.a_words())))
    def a_valued(self): return ["FIELDS", 1, self.a_word(), self.a_num()]

    def a_options_of_scan(self):
        return [0, "MATCH", "w:*", "COUNT", 10]


# One command each; $name is drawn by the method of that name.
TEMPLATES = [template.split() for template in """
    APPEND $str $word; GETSET $str $word; SETNX $str $word; SETEX $str 1500 $word; PSETEX $str 300 $word; GETDEL $str; INCR $int; DECR $int
    INCRBY $int $num; DECRBY $int $num; INCRBYFLOAT $int $float; SETRANGE $str $small $word; SETBIT $str $small $bit; BITOP AND $strs3
    BITOP NOT $strs; PFADD $hll $words; PFMERGE $hlls; GET $str; GETRANGE $str 0 $rank; SUBSTR $str 0 -1; STRLEN $str; MGET $str $str $str
    GETBIT $str $small; BITCOUNT $str; BITPOS $str 1; BITFIELD_RO $str GET u8 0; LCS $strs; PFCOUNT $hll; PFCOUNT $hlls
    DEL $any $any; UNLINK $any; EXPIRE $any $seconds $cond; PEXPIRE $any $millis $cond; EXPIREAT $any $when $cond
    PEXPIREAT $any $whenms $cond; PERSIST $any; COPY $strs REPLACE; COPY $lists; RENAME $strs; RENAMENX $lists; RENAME $any $any
    TTL $any; PTTL $any; EXPIRETIME $any; PEXPIRETIME $any; TYPE $any; EXISTS $any $any; TOUCH $any $any; DUMP $any; OBJECT ENCODING $any
    MEMORY USAGE $any; SORT_RO $list ALPHA
    HSET $hash $pairs; HMSET $hash $pairs; HSETNX $hash $word $num; HDEL $hash $words; HINCRBY $hash $word $num; HINCRBYFLOAT $hash $word $float
    HGET $hash $word; HMGET $hash $words; HGETALL $hash; HKEYS $hash; HVALS $hash; HLEN $hash; HEXISTS $hash $word; HSTRLEN $hash $word
    HRANDFIELD $hash; HSCAN $hash 0
    LPUSH $list $words; RPUSH $list $words; LPUSHX $list $word; RPUSHX $list $word; LPOP $list; LPOP $list $small; RPOP $list
    LINSERT $list BEFORE $word $word; LREM $list $rank $word; LSET $list $rank $word; LTRIM $list 0 6; LMOVE $lists $side $side
    RPOPLPUSH $lists; LMPOP 2 $lists $side; LRANGE $list 0 $rank; LINDEX $list $rank; LLEN $list; LPOS $list $word
    SADD $set $words; SREM $set $words; SMOVE $sets $word; SPOP $set; SPOP $set $small; SDIFFSTORE $sets3; SINTERSTORE $sets3
    SUNIONSTORE $sets3; SUNIONSTORE $set $set; SMEMBERS $set; SISMEMBER $set $word; SMISMEMBER $set $words; SCARD $set; SUNION $sets
    SINTER $sets; SDIFF $sets; SINTERCARD 2 $sets; SRANDMEMBER $set; SSCAN $set 0
    ZADD $zset $scored; ZADD $zset GT CH $scored; ZADD $zset INCR $float $word; ZINCRBY $zset $float $word; ZREM $zset $words
    ZREMRANGEBYRANK $zset 0 1; ZREMRANGEBYSCORE $zset (-2 $float; ZREMRANGEBYLEX $zset [a (c; ZPOPMIN $zset; ZPOPMAX $zset $small
    ZMPOP 2 $zsets MIN; ZUNIONSTORE $zset 1 $zset; ZDIFFSTORE $zset 1 $zset; ZINTERSTORE $zset 1 $zset; ZRANGESTORE $zsets 0 2
    ZRANGE $zset 0 -1 WITHSCORES; ZRANGEBYSCORE $zset -inf +inf; ZREVRANGE $zset 0 -1; ZRANK $zset $word; ZREVRANK $zset $word; ZSCORE $zset $word
    ZMSCORE $zset $words; ZCARD $zset; ZCOUNT $zset -inf +inf; ZLEXCOUNT $zset - +; ZUNION 2 $zsets; ZINTER 2 $zsets; ZDIFF 2 $zsets
    ZRANDMEMBER $zset; ZSCAN $zset 0; ZINTERCARD 2 $zsets
    GEOADD $geo $place; GEOADD $geo XX CH $place; GEOSEARCHSTORE $geos FROMLONLAT 15 38 BYRADIUS 400 km; GEORADIUS $geo 15 38 400 km
    GEOSEARCH $geo FROMLONLAT 15 38 BYRADIUS 400 km ASC; GEOPOS $geo $words; GEODIST $geo $word $word; GEOHASH $geo $word
    XTRIM $stream $trim; XDEL $stream $id; XACK $stream g $id; XCLAIM $stream g $consumer 0 $id; XAUTOCLAIM $stream g $consumer 0 0
    XREADGROUP GROUP g $consumer COUNT 2 STREAMS $stream >; XGROUP CREATE $stream g 0 MKSTREAM; XGROUP CREATECONSUMER $stream g $consumer
    XGROUP DELCONSUMER $stream g $consumer; XGROUP DESTROY $stream g; XGROUP SETID $stream g 0; XRANGE $stream - +; XREVRANGE $stream + -
    XLEN $stream; XREAD COUNT 2 STREAMS $stream 0; XINFO GROUPS $stream; XPENDING $stream g
    PING; ECHO hello; TIME; DBSIZE; KEYS w:*; RANDOMKEY; COMMAND COUNT; CLIENT ID; SELECT 0
    SET $options_of_set; SET $options_of_set; GETEX $options_of_getex; MSET $options_of_mset; MSETNX $options_of_mset
    BITFIELD $options_of_bitfield; SORT $options_of_sort; XADD $options_of_xadd; XADD $options_of_xadd; SCAN $options_of_scan
    XSETID $stream 99-9; GEORADIUSBYMEMBER $geo $word 400 km; INFO; RESTORE $str 0 $dump REPLACE
    GEORADIUS_RO $geo 15 38 400 km; GEORADIUSBYMEMBER_RO $geo $word 400 km; ZRANGEBYLEX $zset - +; ZREVRANGEBYLEX $zset + -
    ZREVRANGEBYSCORE $zset +inf -inf
""".replace(";", "\n").split("\n") if template.strip()]

# Of later servers than 7.0: only where both have them.
LATER = [template.split() for template in """
    HPEXPIREAT $hash $moment $fields; HEXPIRE $hash $seconds $fields; HPERSIST $hash $fields; HTTL $hash $fields; HPEXPIRETIME $hash $fields
    HGETEX $hash PX 900000 $fields; HGETEX $hash PERSIST $fields; HSETEX $hash EX 1500 $valued; HSETEX $hash KEEPTTL $valued; HGETDEL $hash $fields
    ZRANK $zset $word WITHSCORE; SET $str $word IFEQ $word; DELIFEQ $str $word; BITOP DIFF $strs3; BITOP ONE $strs3; HSCAN $hash 0 NOVALUES
""".replace(";", "\n").split("\n") if template.strip()]


def templates(names):
    """Those for two servers that have these commands in common: of their options, too, the later ones if they have the later commands."""
    return TEMPLATES + ([template for template in LATER if template[0] in names] if "HPEXPIREAT" in names else [])


# Those that change nothing, for who prints what happened to a key.
READS = set("""
    GET GETRANGE SUBSTR STRLEN MGET GETBIT BITCOUNT BITPOS BITFIELD_RO LCS PFCOUNT TTL PTTL EXPIRETIME PEXPIRETIME TYPE EXISTS TOUCH
    DUMP OBJECT MEMORY SORT_RO HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HRANDFIELD HSCAN LRANGE LINDEX LLEN LPOS SMEMBERS
    SISMEMBER SMISMEMBER SCARD SUNION SINTER SDIFF SINTERCARD SRANDMEMBER SSCAN ZRANGE ZRANGEBYSCORE ZREVRANGE ZRANK ZREVRANK ZSCORE
    ZMSCORE ZCARD ZCOUNT ZLEXCOUNT ZUNION ZINTER ZDIFF ZRANDMEMBER ZSCAN ZINTERCARD GEORADIUS_RO GEORADIUSBYMEMBER_RO GEOSEARCH GEOPOS
    HTTL HPEXPIRETIME GEODIST GEOHASH ZRANGEBYLEX ZREVRANGEBYLEX ZREVRANGEBYSCORE XRANGE XREVRANGE XLEN XREAD XINFO XPENDING
""".split())
