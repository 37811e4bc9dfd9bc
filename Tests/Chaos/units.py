"""Keys of every type that one client writes, one command at a time, and every client reads.

The owner carries all values along that the key may have: more than one after a command whose fate is unknown. A reply
that none of them explains is a violation; so is a read that fits none of the values between the last write that was
over before it began and the last that had begun when it ended.

Where keys may be forgotten (faults, FLUSHDB) an absent key is always one of the possibilities.
"""
import bisect, collections, itertools
import models
from registers import NOTHING, brief, failed

Step = collections.namedtuple("Step", "start end states text")  # states: None is anything
Look = collections.namedtuple("Look", "start end value text client")
DELETES = {"DEL", "UNLINK", "GETDEL"}  # what they acknowledge is that the key is gone, whoever had it
LIMIT = 64  # possible values; more, and the owner deletes the keys to know again


class Unit:
    """Two keys of one type, with one hash tag, so that commands over both can run."""

    def __init__(self, kind, owner, number, is_forgetful):
        self.kind, self.owner, self.is_forgetful = kind, owner, is_forgetful
        self.keys = [f"m:{kind}:{{{owner}.{number}}}:{name}" for name in "ab"]
        self.states, self.tick = {(None, None)}, 0
        self.steps = [Step(0, 0, self.states, "(nothing there yet)")]

    def draw(self, rng):
        self.tick += 1
        if self.states is None:
            return ["DEL", *self.keys], self.deleted
        name, args = models.draw(rng, self.kind, self.tick)
        if name in models.PAIRS:
            keys = [self.keys[1]] + self.keys if name == "SUNIONSTORE" else self.keys
            apply = lambda states, reply: models.pair(name, states, args, reply)
        else:
            at = rng.randrange(2) if self.kind != "counter" else 0
            keys, write = [self.keys[at]], models.WRITES[name]

            def apply(states, reply):
                value, expected = write(states[at], args, reply)
                return (states[:at] + (value,) + states[at + 1:]), expected

        words = [name, *keys, *args]
        return words, lambda start, end, reply: self.written(words, apply, start, end, reply)

    def written(self, words, apply, start, end, reply):
        """Takes the reply to a write; says what is wrong with it, if anything."""
        if isinstance(reply, Exception) and str(reply) == models.NO_KEY:
            reply = models.NO_KEY
        before, wrong = self.possible(), None
        if failed(reply):
            after = None if words[0] in models.RANDOM else before | {apply(states, NOTHING)[0] for states in before}
        else:
            outcomes = [apply(states, reply) for states in before]
            after = {states for states, expected in outcomes if expected == reply}
            if self.is_forgetful and words[0] not in DELETES and any(
                    outcome == (states, reply) and None in states for states, outcome in zip(before, outcomes)):
                after |= before  # it met no key, and changed nothing: a cold stack may have answered, and the value be elsewhere
            if not after:
                wrong = f"a reply that nothing explains: {reply!r:.200}"
                after = None
        self.step(start, end, after, f"{brief(words)} -> {'unknown' if failed(reply) else repr(reply)[:100]}")
        return wrong

    def deleted(self, start, end, reply):
        self.step(start, end, None if failed(reply) else {(None, None)}, f"DEL both -> {reply}")

    def step(self, start, end, states, text):
        self.states = None if states is not None and len(states) > LIMIT else states
        self.steps.append(Step(start, end, states, text))

    def possible(self):
        if not self.is_forgetful:
            return set(self.states)
        return {kept for one, two in self.states for kept in ((one, two), (None, two), (one, None), (None, None))}

    def draw_read(self, rng, is_owner, client):
        at = rng.randrange(2) if self.kind != "counter" else 0
        name, args, shape = models.READS[self.kind]
        words = name + [self.keys[at]] + args

        def done(start, end, reply):
            if failed(reply):
                return None
            look = Look(start, end, shape(reply), f"{brief(words)} -> {reply!r:.200}", client)
            if not is_owner:
                return at, look
            # Nobody else writes here, so from now on it is this, or forgotten.
            if self.states is not None:
                fitting = {states for states in self.possible() if (states[at] or None) == look.value}
                known = self.possible() if self.is_forgetful and look.value is None else fitting
                self.step(start, end, known if fitting else None, look.text)
                return None if fitting else (at, look)
            return None

        return words, done

    def explains(self, at, look):
        """Whether one of the values that were possible then was read; and the step that was surely over."""
        first = max(bisect.bisect_left(self.ends, look.start) - 1, 0)
        last = bisect.bisect_right(self.starts, look.end)
        for step in self.steps[first:last]:
            if step.states is None or any((states[at] or None) == look.value for states in step.states):
                return True, first
        return look.value is None and self.is_forgetful, first

    def close(self):
        self.ends, self.starts = [step.end for step in self.steps], [step.start for step in self.steps]

    def story(self, first, until):
        return [step for step in itertools.islice(self.steps, max(first - 6, 0), None) if step.start <= until][-20:]


class Units:
    def __init__(self, clients, is_forgetful, each=2):
        self.own = [[Unit(kind, owner, number, is_forgetful) for kind in models.READS for number in range(each)]
                    for owner in range(clients)]
        self.looks = [[] for _ in range(clients)]
        self.wrong = [[] for _ in range(clients)]  # (unit, number of the step, what)

    def draw(self, rng, client, busy):
        """A command for a key of a type, or None. `busy`: units of this client with a command in this batch."""
        owner = client if rng.random() < 0.7 else rng.randrange(len(self.own))
        unit = rng.choice(self.own[owner])
        if owner == client:
            if unit in busy:
                return None
            busy.add(unit)
        if owner != client or rng.random() < 0.3:
            words, done = unit.draw_read(rng, owner == client, client)

            def looked(start, end, reply):
                look = done(start, end, reply)
                if look:
                    self.looks[client].append((unit, *look))

            return words, looked
        words, done = unit.draw(rng)

        def written(start, end, reply):
            wrong = done(start, end, reply)
            if wrong:
                self.wrong[client].append((unit, len(unit.steps) - 1, wrong))

        return words, written

    def check(self):
        """What no value explains, as (what, key, span, lines to show); and how many looks there were."""
        found, count = [], 0
        for unit in itertools.chain.from_iterable(self.own):
            unit.close()
        for unit, number, wrong in itertools.chain.from_iterable(self.wrong):
            step = unit.steps[number]
            found.append((f"{unit.kind}: a reply that nothing explains", unit.keys[0], step.end - unit.steps[max(0, number - 1)].start,
                          [(s.start, s.end, f"client {unit.owner}: {s.text}") for s in unit.story(number, step.end)]))
        for unit, at, look in itertools.chain.from_iterable(self.looks):
            count += 1
            fits, first = unit.explains(at, look)
            if not fits:
                lines = [(s.start, s.end, f"client {unit.owner}: {s.text}") for s in unit.story(first, look.end)]
                lines.append((look.start, look.end, f"client {look.client}: {look.text}   <- this read"))
                found.append((f"{unit.kind}: a read that nothing explains", unit.keys[at], look.end - unit.steps[first].start, lines))
        return found, count
