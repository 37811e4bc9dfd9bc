"""One run: processes, clients and disturbances, all drawn from one seed."""
import collections, itertools, json, queue, random, tempfile, threading, time
from disturbances import Disturbances
from fading import Fading
from registers import NOTHING, Registers
from servers import Disk, Proxy, Redis
from units import Units
from wild import Wild, templates
from wire import Connection

RACERS = 12  # enough that some are free while others wait for a reply
CRASHED = "the proxy ended by itself"


def common_commands(*servers):
    """Names of the commands that all of them have."""
    answers = [Connection(server.port).ask("COMMAND") for server in servers]
    return set.intersection(*({row[0].decode().upper() for row in rows} for rows in answers))


class Run:
    def __init__(self, options):
        self.options, self.begin, self.began_at = options, time.monotonic(), time.time()
        self.folder = tempfile.mkdtemp(prefix="chaos-")
        self.legacy = self.new = self.proxy = self.disk = None
        self.stop = threading.Event()
        self.registers = Registers(options.keys, options.cold, options.clients + RACERS)
        self.units = Units(options.clients, bool(options.faults) or options.flush)
        self.errors = [collections.Counter() for _ in range(options.clients + RACERS)]
        self.operations = [0] * (options.clients + RACERS)
        self.wild = [[] for _ in range(options.clients + RACERS)]  # (start, end, words, reply): for who wants to know why keys differ
        self.commands = [set() for _ in range(options.clients + RACERS)]
        self.disturbances = Disturbances(self)
        self.suspects = {"legacy": 0, "new": 0}  # the most that was seen
        self.statuses = {}  # the last one of each life of the proxy
        self.broken = []  # what made the run itself fail

    def __enter__(self):
        try:
            has_wire = "delay" in self.options.faults
            self.disk = Disk(self.folder)
            self.legacy, self.new = (Redis(name, self.folder, has_wire, kind) for name, kind in self.options.servers.items())
            environment = {"SLUICE_BREAK": self.options.break_} if self.options.break_ else {}
            layers = self.options.layers
            settings = "".join(f"  {name}: {stack.yaml(self.options.faults)}\n" for name, stack in layers.items() if stack.are_any)
            if layers["legacy"].name == "auto":
                environment["REDIS_URL"] = "redis://127.0.0.1:1"  # what it detects; the address itself is an option
            self.proxy = Proxy(self.options.sluice, self.folder, self.disk.path, self.legacy, self.new,
                               self.options.threads, settings and f"stacks:\n{settings}", environment)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        for part in (self.proxy, self.legacy, self.new, self.disk):
            if part:
                part.close()

    def look(self):
        """What `STATUS` says; None while the proxy is away."""
        try:
            control = Connection(self.proxy.control)
            status = json.loads(control.ask("STATUS"))
            control.close()
        except OSError:
            return None
        for name in self.suspects:
            self.suspects[name] = max(self.suspects[name], status["stacks"][name]["suspects"])
        self.statuses[self.proxy.starts] = status
        return status

    def run(self):
        while not all(stack["health"] == "up" for stack in (self.look() or {"stacks": {}})["stacks"].values()):
            time.sleep(0.05)
        connection = Connection(self.legacy.port)
        connection.ask("SET", "dump", "restored")
        dump = connection.ask("DUMP", "dump")
        connection.ask("DEL", "dump")
        self.templates = templates(common_commands(self.legacy, self.new))
        self.disturbances.order("STAGE", "dualwrite")
        work = [(self.client, number, dump) for number in range(self.options.clients)] + [(self.disturbances.flip,)]
        work += [(self.racer, self.options.clients + number) for number in range(RACERS)]
        work += [(self.disturbances.break_things,)] if self.options.faults else []
        work += [(self.disturbances.flush,)] if self.options.flush else []
        threads = [threading.Thread(target=self.guarded, args=one) for one in work]
        for thread in threads:
            thread.start()
        self.stop.wait(self.options.seconds)
        self.stop.set()
        for thread in threads:
            thread.join()

    def guarded(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as error:  # a mistake of this program, or the proxy is gone
            self.broken.append(f"{work.__name__}: {error!r}")
            self.stop.set()

    def client(self, number, dump):
        rng = random.Random(f"{self.options.seed}/client/{number}")
        wild, fading = Wild(rng, dump, self.templates), Fading(number)
        connection = None
        while not self.stop.is_set():
            batch, busy = [], set()
            for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
                dice = rng.random()
                drawn = None
                if dice < 0.5:
                    drawn = self.registers.draw(rng, number)
                elif dice < 0.8:
                    drawn = self.units.draw(rng, number, busy)
                elif dice < 0.9:
                    batch += [(words, None) for words in fading.draw(rng)]
                    continue
                batch.append(drawn or (wild.draw(), None))
            connection = self.send(number, connection, batch)

    def send(self, number, connection, batch):
        """Sends a client's commands, brings each reply to whom it is for, and returns the connection if it still is one."""
        start, replies = time.monotonic(), []
        try:
            connection = connection or Connection(self.proxy.port)
            connection.send(*(words for words, _ in batch))
            for _ in batch:
                replies.append((connection.reply(), time.monotonic()))
        except OSError as error:
            if self.proxy.has_crashed:
                raise RuntimeError(CRASHED)
            self.errors[number][f"no reply: {error}"] += 1
            connection = None
            self.stop.wait(0.01)
        self.operations[number] += len(batch)
        end = time.monotonic()
        for (words, done), (reply, at) in itertools.zip_longest(batch, replies, fillvalue=(NOTHING, end)):
            self.commands[number].add(words[0])
            if isinstance(reply, Exception):
                self.errors[number][str(reply)] += 1
            if done:
                done(start, at, reply)
            else:
                self.wild[number].append((start, at, words, reply))
        return connection

    def racer(self, number):
        """A client that only waits for flips, and then writes what the others write at that moment."""
        rng = random.Random(f"{self.options.seed}/racer/{number}")
        connection = None
        while not self.stop.is_set():
            try:
                flip = self.disturbances.races.get(timeout=0.1)
            except queue.Empty:
                continue
            connection = self.send(number, connection, self.registers.draw_burst(rng, number, flip))
