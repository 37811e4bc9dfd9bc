"""What happens to the proxy while clients work: flips, faults, and now and then everything is emptied."""
import collections, queue, random, signal, time
from registers import NOTHING, Write, failed
from wire import Connection, Refused

# Seconds after a fault in which it may still cost keys: connections come back within 2 s, and repairs follow.
AFTERMATH = 5


class Disturbances:
    def __init__(self, run):
        self.run, self.options = run, run.options
        self.events = []  # (start, end, text): flips and faults
        self.flips, self.faults = 0, collections.Counter()
        self.races = queue.Queue()
        self.spans = []  # when a fault may cost keys

    def order(self, *words):
        """One order to the control port; a refusal is noted, and so is a proxy that is not there."""
        start, text = time.monotonic(), " ".join(words)
        try:
            control = Connection(self.run.proxy.control)
            control.ask(*words)
            control.close()
        except (Refused, OSError) as error:
            text += f" failed: {error}"
        self.events.append((start, time.monotonic(), text))

    def flip(self):
        rng = random.Random(f"{self.options.seed}/flips")
        while not self.run.stop.wait(rng.uniform(*self.options.flips)):
            percent = str(rng.choice((0, 1, 10, 25, 50, 75, 100)))
            force = ["FORCE", "chaos"]  # faults speak against every step up
            orders = [["STAGE", "live", percent, *force]] * 3 + [["RAMP", percent, *force], ["ROLLBACK", "chaos"]]
            orders += [["REARM"], ["REARM", "RESUME", "chaos"]]
            orders += [["STAGE", stage, *force] for stage in ["dualwrite", "shadow", "rampdown"] + self.options.also.split()]
            self.race()
            self.run.stop.wait(rng.uniform(0, 0.01))
            self.order(*rng.choice(orders))
            self.race()
            self.flips += 1
            if rng.random() < 0.25:  # a latch left down would make the rest of the run a test of legacy alone
                self.order("REARM")
            self.run.look()

    def race(self):
        """Two racers write, and two more when the order is through."""
        for _ in range(2):
            self.races.put(self.flips)

    def flush(self):
        """FLUSHDB, rarely, as a write of nothing to every key."""
        rng = random.Random(f"{self.options.seed}/flushes")
        while not self.run.stop.wait(rng.uniform(3, 9)):
            start, reply = time.monotonic(), NOTHING
            try:
                client = Connection(self.run.proxy.port)
                client.send(["FLUSHDB"])
                reply = client.reply()
                client.close()
            except OSError:
                pass
            write = Write(start, time.monotonic(), None, not failed(reply), None, "FLUSHDB", "flush")
            self.run.registers.flushes.append(write)
            self.events.append((start, write.end, f"FLUSHDB -> {'no reply' if reply is NOTHING else reply}"))

    def break_things(self):
        rng = random.Random(f"{self.options.seed}/faults")
        kinds = [kind for kind in self.options.faults for _ in range(WEIGHTS[kind])]
        while not self.run.stop.wait(rng.uniform(*self.options.calm)):
            kind, victim, start = rng.choice(kinds), rng.choice((self.run.legacy, self.run.new)), time.monotonic()
            self.faults[kind] += 1
            self.spans.append([start, float("inf")])
            what = getattr(self, kind.replace("-", "_"))(rng, victim)
            self.spans[-1][1] = time.monotonic() + AFTERMATH
            self.events.append((start, time.monotonic(), f"fault: {what}"))

    def stop(self, rng, victim):
        seconds = rng.uniform(*rng.choice([(0.02, 0.3)] * 3 + [(0.3, 1.6)]))  # the fence's deadline is in between
        victim.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        victim.process.send_signal(signal.SIGCONT)
        return f"{victim.name} stopped for {seconds * 1000:.0f} ms"

    def cut(self, rng, victim):
        Connection(victim.port).ask("CLIENT", "KILL", "TYPE", "normal")
        return f"{victim.name} cut its connections"

    def kill_new(self, rng, victim):
        return self.kill(rng, self.run.new)

    def kill_legacy(self, rng, victim):
        return self.kill(rng, self.run.legacy)

    def kill(self, rng, victim):
        victim.kill()
        time.sleep(rng.uniform(0, 0.5))
        victim.start()
        return f"{victim.name} killed and started again, empty"

    def delay(self, rng, victim):
        seconds, lag = rng.uniform(0.2, 1.5), rng.choice((0.002, 0.02, 0.1, 0.3))
        victim.delay(lag)
        time.sleep(seconds)
        victim.delay(0)
        return f"{victim.name} answered {lag * 1000:.0f} ms late for {seconds:.1f} s"

    def disk(self, rng, victim):
        self.run.disk.fill(self.run.proxy)
        time.sleep(rng.uniform(0.2, 1.5))
        self.run.disk.free(self.run.proxy)
        return "the disk of the ledger was full"

    def kill_proxy(self, rng, victim):
        self.run.look()
        hangs = rng.random() < 0.5  # then it has commands in flight, and carries them out when nobody waits for them any more
        if hangs:
            victim.process.send_signal(signal.SIGSTOP)
            time.sleep(rng.uniform(0.005, 0.05))
        self.run.proxy.kill()
        if hangs:
            victim.process.send_signal(signal.SIGCONT)
        time.sleep(rng.uniform(0, 0.2))
        self.run.proxy.restart()
        return "the proxy killed" + (f" with {victim.name} stopped" if hangs else "") + " and started again"


WEIGHTS = {"stop": 4, "cut": 4, "delay": 3, "kill-new": 1, "kill-legacy": 1, "disk": 1, "kill-proxy": 2}
