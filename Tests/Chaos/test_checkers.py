"""The checkers on histories written by hand: what they must find, and what they must let pass."""
import collections, pathlib, random, re, unittest, zlib
import history, models, short
from layers import KINDS, Unreadable
from registers import EXISTS, Read, Write
from state import Found, ends_alike, is_same
from units import Look, Unit


def write(start, end, value, known=True, lives=None):
    return Write(start, end, value, known, lives, f"SET {value}", 0)


def read(start, end, value):
    return Read(start, end, value, "GET", 1)


def check(*operations, faults=()):
    """The kinds of what is found."""
    misses = history.Misses()
    writes = [item for item in operations if isinstance(item, Write)]
    reads = [item for item in operations if isinstance(item, Read)]
    return sorted({violation.what for violation in history.check("k", writes, reads, list(faults), misses)})


class Registers(unittest.TestCase):
    def test_reads_in_order_pass(self):
        self.assertEqual(check(write(0, 1, "a"), read(2, 3, "a"), write(4, 5, "b"), read(6, 7, "b")), [])

    def test_either_value_during_a_write_passes(self):
        self.assertEqual(check(write(0, 1, "a"), write(2, 9, "b"), read(3, 4, "a"), read(5, 6, "b")), [])

    def test_two_writers_at_once_may_end_either_way(self):
        for last in "ab":
            self.assertEqual(check(write(0, 5, "a"), write(1, 4, "b"), read(6, 7, last)), [])

    def test_a_value_older_than_an_acknowledged_write(self):
        self.assertEqual(check(write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")), ["an older value came back"])

    def test_a_value_that_was_replaced_in_between(self):
        self.assertEqual(check(write(0, 9, "a"), write(0, 9, "b"), read(1, 2, "a"), read(3, 4, "b"), read(5, 6, "a")),
                         ["an older value came back"])

    def test_both_orders_of_two_writers(self):
        self.assertEqual(check(write(0, 3, "a"), write(0, 3, "b"), read(4, 5, "a"), read(6, 7, "b")),
                         ["an older value came back"])

    def test_a_deleted_value(self):
        self.assertEqual(check(write(0, 1, "a"), write(2, 3, None), read(4, 5, "a")), ["a deleted value came back"])

    def test_a_deleted_key_that_exists(self):
        self.assertEqual(check(write(0, 1, "a"), write(2, 3, None), read(4, 5, EXISTS)), ["a deleted key exists"])
        self.assertEqual(check(write(0, 1, "a"), write(2, 3, None), write(3, 6, "b"), read(4, 5, EXISTS)), [])

    def test_an_unknown_write_may_have_happened_or_not(self):
        for seen in "ab":
            self.assertEqual(check(write(0, 1, "a"), write(2, 3, "b", known=False), read(4, 5, seen)), [])

    def test_an_unknown_write_may_not_come_back_over_a_later_one(self):
        self.assertEqual(check(write(0, 1, "a", known=False), write(2, 3, "b"), read(4, 5, "a")),
                         ["a write that failed came back over a later one"])

    def test_a_value_that_nobody_wrote(self):
        self.assertEqual(check(write(0, 1, "a"), read(2, 3, "b")), ["a value that nobody wrote"])

    def test_a_value_read_before_it_was_written(self):
        self.assertEqual(check(read(0, 1, "a"), write(2, 3, "a")), ["a value before it was written"])

    def test_a_miss(self):
        missed = ["a miss that nothing explains"]
        self.assertEqual(check(write(0, 1, "a"), read(2, 3, None)), missed)
        self.assertEqual(check(write(0, 1, "a"), read(2, 3, None), faults=[(1.5, 6)]), [])
        self.assertEqual(check(write(0, 1, "a"), read(2, 3, None), faults=[(3.5, 6)]), missed)
        self.assertEqual(check(write(0, 1, "a"), write(1, 9, None, known=False), read(2, 3, None)), [])
        self.assertEqual(check(write(0, 1, None), write(2, 3, "a"), read(4, 5, None)), missed)

    def test_an_expiry(self):
        self.assertEqual(check(write(0, 1, "a", lives=1), read(3, 4, None)), [])
        self.assertEqual(check(write(0, 1, "a", lives=1), read(1.5, 1.6, "a")), [])
        self.assertEqual(check(write(0, 1, "a", lives=1), read(5, 6, "a")), ["a value that has expired"])

    def test_random_linearizable_histories_pass(self):
        for seed in range(300):
            rng = random.Random(seed)
            value, now, operations = None, 0.0, []
            for number in range(30):
                at = now = now + 1
                start, end = at - rng.random() * 3, at + rng.random() * 3  # it takes effect at `at`
                dice = rng.random()
                if dice < 0.4:
                    value = f"v{number}"
                    operations.append(write(start, end, value))
                elif dice < 0.5:
                    value = None
                    operations.append(write(start, end, None))
                else:
                    operations.append(read(start, end, value))
            self.assertEqual(check(*operations), [], f"seed {seed}")


class Models(unittest.TestCase):
    def unit(self, kind, may_forget=False):
        return Unit(kind, 0, 0, may_forget)

    def ask(self, unit, name, at, args, reply):
        apply = lambda states, reply: (lambda result: (states[:at] + (result[0],) + states[at + 1:], result[1]))(
            models.WRITES[name](states[at], args, reply))
        return unit.written([name, unit.keys[at], *args], apply, *unit.clock(), reply)

    def setUp(self):
        now = collections.deque([0.0])

        def clock(unit):
            now.append(now.pop() + 1)
            return now[0] - 1, now[0] - 0.5

        Unit.clock = clock

    def tearDown(self):
        del Unit.clock

    def test_replies_that_fit_pass(self):
        unit = self.unit("list")
        self.assertIsNone(self.ask(unit, "RPUSH", 0, [b"a", b"b"], 2))
        self.assertIsNone(self.ask(unit, "LPOP", 0, [], b"a"))
        self.assertIsNone(self.ask(unit, "LPUSH", 0, [b"c"], 2))

    def test_a_reply_that_does_not_fit(self):
        unit = self.unit("hash")
        self.assertIsNone(self.ask(unit, "HSET", 0, [b"f", b"1"], 1))
        self.assertIn("nothing explains", self.ask(unit, "HSET", 0, [b"f", b"2"], 1))

    def test_a_forgotten_key_is_forgiven_only_where_it_may_be(self):
        for may_forget in (False, True):
            unit = self.unit("hash", may_forget)
            self.ask(unit, "HSET", 0, [b"f", b"1"], 1)
            self.assertEqual(self.ask(unit, "HSET", 0, [b"f", b"2"], 1) is None, may_forget)

    def test_an_old_value_read_by_another(self):
        unit = self.unit("counter", may_forget=True)
        self.ask(unit, "INCR", 0, [], 1)
        self.ask(unit, "INCR", 0, [], 2)
        unit.close()
        start, end = unit.clock()
        self.assertTrue(unit.explains(0, Look(start, end, b"2", "GET", 1))[0])
        self.assertFalse(unit.explains(0, Look(start, end, b"1", "GET", 1))[0])
        self.assertTrue(unit.explains(0, Look(start, end, None, "GET", 1))[0])

    def test_an_unknown_write_leaves_both(self):
        unit = self.unit("counter")
        self.ask(unit, "INCR", 0, [], 1)
        self.ask(unit, "INCR", 0, [], ConnectionError())
        unit.close()
        start, end = unit.clock()
        for value in (b"1", b"2"):
            self.assertTrue(unit.explains(0, Look(start, end, value, "GET", 1))[0])
        self.assertFalse(unit.explains(0, Look(start, end, b"3", "GET", 1))[0])


class Layered(unittest.TestCase):
    def test_what_is_stored_is_decoded(self):
        web_app, value = KINDS["web_app"], b"x" * 300
        stored = b"\0SLCz" + len(value).to_bytes(4, "big") + zlib.compress(value)
        self.assertEqual(web_app.value(stored), value)
        self.assertEqual(web_app.value(b"\0SLC=\0SLCabc"), b"\0SLCabc")
        self.assertEqual(web_app.value(b"plain"), b"plain")
        self.assertEqual(KINDS["plain"].value(stored), stored)
        for damaged in (stored[:-3], b"\0SLCz\0\0\0\x07" + stored[9:]):
            self.assertRaises(Unreadable, web_app.value, damaged)

    def test_keys_of_others_have_no_name(self):
        self.assertEqual(KINDS["prefix"].key(b"app:[1]:k"), b"k")
        self.assertIsNone(KINDS["prefix"].key(b"k"))

    def ends(self, legacy, new, one, other, kind="string", is_endless=False):
        found = [Found(b"d", expiry, kind, b"v") for expiry in (one, other)]
        return ends_alike({"legacy": KINDS[legacy], "new": KINDS[new]}, *found, 100, (1000, 1010), is_endless)

    def test_expiries(self):
        fresh, old = 2_805_000, 4_605_000  # 30 and 60 minutes from 1005 s
        self.assertTrue(self.ends("plain", "web_app", -1, fresh))
        self.assertTrue(self.ends("auto", "web_app", old, fresh))
        self.assertTrue(self.ends("plain", "web_app", fresh, fresh + 90))
        self.assertFalse(self.ends("plain", "plain", -1, fresh))
        self.assertFalse(self.ends("plain", "web_app", -1, old))
        self.assertFalse(self.ends("plain", "web_app", -1, fresh, kind="list"))
        self.assertTrue(self.ends("plain", "web_app", -1, -1, kind="list"))

    def test_a_string_without_an_end_behind_a_default_one(self):
        for legacy in ("plain", "auto"):
            self.assertFalse(self.ends(legacy, "web_app", -1, -1))
            self.assertTrue(self.ends(legacy, "web_app", -1, -1, is_endless=True))

    def test_values(self):
        one = Found(b"1", -1, "string", b"v")
        self.assertTrue(is_same(one, one._replace(digest=b"2")))
        self.assertFalse(is_same(one, one._replace(value=Unreadable())))
        self.assertFalse(is_same(one._replace(kind="list"), one._replace(kind="list", digest=b"2")))


class Breaks(unittest.TestCase):
    def test_every_law_that_can_be_broken_is_among_those_that_must_be_caught(self):
        source = pathlib.Path(__file__).parents[2] / "Sources/Core/LawBreak.swift"
        self.assertEqual(set(re.findall(r'^  case \w+ = "([^"]+)"', source.read_text(), re.M)), set(short.BREAKS))


if __name__ == "__main__":
    unittest.main()
