"""Hashes that expire while fields are added to them: the moment in which one server still has the key and the other has not.

`HSET` of a new field says 1 whether it met the hash or made another one. An effect that is repeated as if it had met the same makes
half a hash on the mirror, which never expires. Each key is used once, so what came out stays for the state checker.
"""
import time


class Fading:
    def __init__(self, client):
        self.client, self.number, self.field, self.end = client, 0, 0, 0.0

    def draw(self, rng):
        """The next commands, as words."""
        if time.monotonic() > self.end:
            # A while longer than it lives, so that some writes come behind its end on either server.
            life = rng.randint(5, 40)
            self.number, self.field, self.end = self.number + 1, 0, time.monotonic() + life / 1000 + 0.01
            return [["HSET", self.key, "first", "1"], ["PEXPIRE", self.key, life]]
        self.field += 1
        return [["HSET", self.key, f"f{self.field}", self.field]]

    @property
    def key(self): return f"w:fading:{self.client}:{self.number}"
