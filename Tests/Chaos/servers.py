"""The processes of a run: two real Redis servers, the wires to them, the real proxy and the disk of its ledger."""
import json, os, re, signal, socket, subprocess, sys, threading, time
from wire import Connection


# What stands in a side's place, by name: Debian's server, and those of scripts/install-servers.
INSTALLED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/servers")
SERVERS = {"redis-7.0": "redis-server", **{name: f"{INSTALLED}/{name}" for name in ("redis-6.2", "redis-8.2", "valkey-9.1")}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """One server, on a port that the kernel chose, behind a wire that can be made slow if there is one."""

    def __init__(self, name, folder, has_wire, kind="redis-7.0"):
        self.name, self.folder, self.port, self.kind = name, folder, free_port(), kind
        self.kills, self.process, self.wire = 0, None, None
        self.busy = threading.Lock()  # one fault at a time
        self.start()
        self.proxied_port = self.port
        if has_wire:
            self.wire = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "relay.py"), str(self.port)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.proxied_port = int(self.wire.stdout.readline())

    def start(self):
        with open(f"{self.folder}/{self.name}.log", "ab") as log:
            # Before 7.0 nobody had to be told that DEBUG is allowed.
            debug = [] if self.kind == "redis-6.2" else ["--enable-debug-command", "yes"]
            self.process = subprocess.Popen(
                [SERVERS[self.kind], "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 *debug, "--dir", self.folder], stdout=log, stderr=log)
        for _ in range(500):
            if self.process.poll() is not None:
                break
            try:
                connection = Connection(self.port, 2)
                mine = f"process_id:{self.process.pid}\r" in connection.ask("INFO", "server").decode()
                connection.close()
                if mine:
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.kind} as {self.name} did not start on port {self.port}")

    def kill(self):
        self.kills += 1
        self.process.kill()
        self.process.wait()

    def delay(self, seconds):
        self.wire.stdin.write(f"{seconds}\n".encode())
        self.wire.stdin.flush()

    def close(self):
        end(self.process)
        end(self.wire)


class Proxy:
    """`sluice serve`; a restart has the same ports, flags and ledger."""

    def __init__(self, sluice, folder, ledger, legacy, new, threads, settings, environment):
        self.folder, self.starts, self.process, self.kills = folder, 0, None, 0
        self.port, self.control = free_port(), free_port()
        os.mkdir(f"{folder}/flags")
        with open(f"{folder}/flags/sluice.flagd.json", "w") as file:
            json.dump({"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags()}, file, indent=2)
        with open(f"{folder}/sluice.yaml", "w") as file:
            file.write("ledger:\n  figures_interval: 1s\n" + settings)
        self.ledger = f"{ledger}/sluice.db"
        # A file that outgrows a limit also raises SIGXFSZ, which is fatal unless ignored.
        self.command = ["/bin/sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\"", sluice, "serve",
                        "--config", f"{folder}/sluice.yaml", "--listen", f"127.0.0.1:{self.port}",
                        "--control", f"127.0.0.1:{self.control}", "--flags", f"{folder}/flags/sluice.flagd.json",
                        "--legacy", f"redis://127.0.0.1:{legacy.proxied_port}",
                        "--new", f"redis://127.0.0.1:{new.proxied_port}",
                        "--threads", str(threads), "--ledger", self.ledger]
        self.environment = {**os.environ, **environment}
        self.restarting = threading.Event()  # it is down because we wanted it
        self.start()

    def start(self):
        self.starts += 1
        screen = f"{self.folder}/serve-{self.starts}.txt"
        with open(screen, "wb") as out, open(f"{self.folder}/serve.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=log, env=self.environment)
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            with open(screen) as file:
                if re.search(r"\n  ledger ", file.read()):
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the proxy did not start: see {self.folder}/serve.log")

    def kill(self):
        self.restarting.set()
        self.kills += 1
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self):
        self.start()
        self.restarting.clear()

    @property
    def has_crashed(self):
        return not self.restarting.is_set() and self.process.poll() is not None and not self.restarting.is_set()

    def log(self):
        with open(f"{self.folder}/serve.log", errors="replace") as file:
            return file.read()

    def close(self):
        end(self.process)


class Disk:
    """Where the ledger is: a tiny file system of its own, or a limit on the size of files where none may be mounted."""

    def __init__(self, folder):
        self.path = f"{folder}/ledger"
        os.mkdir(self.path)
        self.is_mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", self.path],
                                         stderr=subprocess.DEVNULL).returncode == 0

    def fill(self, proxy):
        if not self.is_mounted:
            return subprocess.run(["prlimit", "--pid", str(proxy.process.pid), "--fsize=4096:unlimited"])
        try:
            with open(f"{self.path}/filler", "wb", 0) as file:
                while file.write(bytes(1 << 20)):
                    pass
        except OSError:
            pass

    def free(self, proxy):
        if not self.is_mounted:
            return subprocess.run(["prlimit", "--pid", str(proxy.process.pid), "--fsize=unlimited:unlimited"])
        os.unlink(f"{self.path}/filler")

    def close(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.path])


def end(process):
    if process and process.poll() is None:
        process.kill()
        process.wait()


def flags():
    """Stage `off`, every read compared."""
    stages = ["off", "dualwrite", "shadow", "live", "rampdown", "complete"]
    return {
        "cache-stage": {"state": "ENABLED", "variants": {name: name for name in stages}, "defaultVariant": "off"},
        "cache-stack": {"state": "ENABLED", "variants": {"new": "new", "legacy": "legacy"}, "defaultVariant": "legacy",
                        "targeting": {"fractional": [["new", 0], ["legacy", 100]]}},
        "shadow-sample": {"state": "ENABLED", "variants": {"compare": True, "skip": False}, "defaultVariant": "skip",
                          "targeting": {"fractional": [["compare", 100], ["skip", 0]]}},
    }
