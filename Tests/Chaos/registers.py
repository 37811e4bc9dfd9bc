"""Keys that many clients write: every value is written once, so whoever reads it names its write."""
import collections

# `value` None: deleted, or a miss. `lives`: seconds until it may expire. `known`: acknowledged.
Write = collections.namedtuple("Write", "start end value known lives text client")
Read = collections.namedtuple("Read", "start end value text client")
BURSTS = 8  # sets of keys that take turns, so that what a race left behind stays to be seen
EXISTS = "(exists)"  # what SETNX -> 0 tells about the value


class Registers:
    """The keys, hot and cold, and what all clients did to them."""

    def __init__(self, hot, cold, clients):
        self.hot, self.cold = [f"r:hot:{n}" for n in range(hot)], cold
        self.writes = [collections.defaultdict(list) for _ in range(clients)]
        self.reads = [collections.defaultdict(list) for _ in range(clients)]
        self.flushes = []  # what emptied every key, as writes of None
        self.made = [0] * clients

    def key(self, rng):
        return rng.choice(self.hot) if rng.random() < 0.8 else f"r:cold:{rng.randrange(self.cold)}"

    def some(self, rng):
        return list(dict.fromkeys(self.key(rng) for _ in range(rng.randint(2, 5))))

    def value(self, rng, client):
        """Unique, of any size, and whole or not: its length is part of it."""
        self.made[client] += 1
        size = rng.choice((0, 0, 0, 10, 10, 100, 20_000 if rng.random() < 0.1 else 1000))
        return f"{client}-{self.made[client]}:{size}:" + "x" * size

    def draw(self, rng, client):
        """A command, and what takes its reply: (start, end, reply), where None stands for none at all."""
        key = self.key(rng)
        if rng.random() < 0.5:
            return self.draw_read(rng, client, key)
        return self.draw_write(rng, client, key)

    def draw_burst(self, rng, client, number):
        """What clients write at once around flip number `number`, half of them before it and half after: races live from that."""
        keys = [f"r:burst:{number % BURSTS}:{at}" for at in range(16)]
        rng.shuffle(keys)
        return [self.plain_write(client, key, self.value(rng, client)) for key in keys]

    def plain_write(self, client, key, value):
        words = ["SET", key, value]
        return words, lambda start, end, reply: self.write(
            client, key, Write(start, end, value, not failed(reply), None, brief(words), client))

    def draw_read(self, rng, client, key):
        if rng.random() < 0.2:
            key = f"r:burst:{rng.randrange(BURSTS)}:{rng.randrange(16)}"
        name = rng.choice(["GET"] * 6 + ["MGET", "MGET", "GETEX", "GETRANGE", "EXISTS"])
        keys = self.some(rng) if name == "MGET" else [key]
        words = [name, *keys] + ([0, -1] if name == "GETRANGE" else [])

        def done(start, end, reply):
            if failed(reply):
                return
            values = reply if name == "MGET" else [reply]
            for key, value in zip(keys, values):
                if name == "EXISTS":
                    value = EXISTS if value else None
                self.read(client, key, start, end, value or None, words)

        return words, done

    def draw_write(self, rng, client, key):
        name = rng.choice(["SET"] * 6 + ["EX", "NX", "XX", "GET", "GETSET", "SETNX", "MSET", "MSETNX", "DEL", "DEL",
                                         "UNLINK", "GETDEL", "SETEX", "PSETEX", "PX"])
        value, lives = self.value(rng, client), None
        short = rng.randint(60, 700)
        if name in ("DEL", "UNLINK"):
            words = [name, *(self.some(rng) if rng.random() < 0.2 else [key])]
        elif name in ("MSET", "MSETNX"):
            words = [name] + [word for key in self.some(rng) for word in (key, self.value(rng, client))]
        elif name in ("PX", "PSETEX"):
            lives = short / 1000
            words = ["SET", key, value, "PX", short] if name == "PX" else ["PSETEX", key, short, value]
        else:
            words = {"SET": ["SET", key, value], "EX": ["SET", key, value, "EX", 1000], "NX": ["SET", key, value, "NX"],
                     "XX": ["SET", key, value, "XX"], "GET": ["SET", key, value, "GET"], "GETSET": ["GETSET", key, value],
                     "SETNX": ["SETNX", key, value], "GETDEL": ["GETDEL", key], "SETEX": ["SETEX", key, 1000, value]}[name]

        def done(start, end, reply):
            known = not failed(reply)
            write = lambda key, value: self.write(client, key, Write(start, end, value, known, lives, brief(words), client))
            if name in ("DEL", "UNLINK"):
                for one in words[1:]:
                    write(one, None)
                return
            if name in ("MSET", "MSETNX"):
                pairs = list(zip(words[1::2], words[2::2]))
                if not known or name == "MSET" or reply:
                    for one, its in pairs:
                        write(one, its)
                        if known and name == "MSETNX":
                            self.read(client, one, start, end, None, words)
                elif len(pairs) == 1:
                    self.read(client, pairs[0][0], start, end, EXISTS, words)
                return
            # What it says of the value that was there before.
            if known and name in ("GET", "GETSET", "GETDEL"):
                self.read(client, key, start, end, reply, words)
            elif known and name in ("NX", "SETNX", "XX"):
                happened = bool(reply)
                existed = happened == (name == "XX")
                self.read(client, key, start, end, EXISTS if existed else None, words)
                if not happened:
                    return
            write(key, None if name == "GETDEL" else value)

        return words, done

    def write(self, client, key, write):
        self.writes[client][key].append(write)

    def read(self, client, key, start, end, value, words):
        value = value.decode(errors="replace") if isinstance(value, bytes) else value
        self.reads[client][key].append(Read(start, end, value, brief(words), client))

    def histories(self):
        """Every key with its writes and reads."""
        for key in sorted({key for one in self.writes + self.reads for key in one}):
            writes = [write for one in self.writes for write in one.get(key, ())] + self.flushes
            yield key, writes, [read for one in self.reads for read in one.get(key, ())]


def failed(reply):
    """No reply, or an error: whether a write happened is unknown."""
    return reply is NOTHING or isinstance(reply, Exception)


NOTHING = object()  # the connection was lost before the reply


def brief(words):
    return " ".join(short(word) for word in words)


def short(word):
    text = word.decode(errors="replace") if isinstance(word, bytes) else str(word)
    return text if len(text) <= 40 else text.split(":x")[0][:40] + ":x…"
