"""What the cases stand on: two real Redis servers, the real proxy with its admin door, clients that never rest, and a real Chromium."""
import contextlib, json, os, re, socket, subprocess, tempfile, threading, time, urllib.error, urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def until(what, condition, within=10.0):
    """Waits for a condition, and returns what it says."""
    end = time.monotonic() + within
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Wire:
    """One connection that speaks RESP."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def answer(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return rest

    def ask(self, *words):
        self.send(*words)
        return self.answer()

    def close(self):
        self.file.close()
        self.socket.close()


def flags(stage, percent=0, compared=100, plan=None, **guardrails):
    with open(os.path.join(ROOT, "flags/sluice.flagd.json")) as file:
        found = json.load(file)
    each = found["flags"]
    each["cache-stage"]["defaultVariant"] = stage
    each["cache-stack"]["targeting"]["fractional"] = [["new", percent], ["legacy", 100 - percent]]
    each["shadow-sample"]["targeting"]["fractional"] = [["compare", compared], ["skip", 100 - compared]]
    each["cache-guardrails"]["variants"]["default"].update({"slowRate": 1, **guardrails})
    if plan:
        each["cache-plan"]["state"] = "ENABLED"
        each["cache-plan"]["variants"]["default"].update(plan)
    return json.dumps(found)


class Bed:
    """`with Bed(sluice, …) as bed`: all of it runs, and is gone afterwards."""

    def __init__(self, sluice, stage="live", percent=50, compared=100, tokens=None, admin=None, plan=None, **guardrails):
        self.sluice, self.tokens = sluice, tokens
        self.flags = flags(stage, percent, compared, plan, **guardrails)
        self.stack = contextlib.ExitStack()
        self.admin = admin or "127.0.0.1:%d" % free_port()
        self.ports = (free_port(), free_port())
        self.clients = []

    def __enter__(self):
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.legacy, self.new = self.redis("legacy"), self.redis("new")
        os.mkdir(f"{self.folder}/flags")
        self.write("flags/sluice.flagd.json", self.flags)
        self.write("sluice.yaml", "ledger: { figures_interval: 1s }\n")
        self.process = None
        self.stack.callback(lambda: self.process and self.process.kill())
        self.stack.callback(self.stop_clients)
        self.serve()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)
        return f"{self.folder}/{name}"

    def redis(self, name):
        port = free_port()
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)

        def answers():
            try:
                return Wire(port).ask("PING") == b"PONG"
            except OSError:
                return False
        until(f"{name} answers", answers)
        return port

    def serve(self):
        """Starts the proxy, on the same ports each time."""
        words = [self.sluice, "serve", "--config", f"{self.folder}/sluice.yaml", "--listen", f"127.0.0.1:{self.ports[0]}",
                 "--control", f"127.0.0.1:{self.ports[1]}", "--admin", self.admin, "--legacy", f"redis://127.0.0.1:{self.legacy}",
                 "--new", f"redis://127.0.0.1:{self.new}", "--flags", f"{self.folder}/flags", "--ledger", f"{self.folder}/sluice.db"]
        if self.tokens:
            words += ["--admin-tokens", self.write("tokens", self.tokens)]
        out = open(f"{self.folder}/sluice.out", "wb")
        self.process = subprocess.Popen(words, stdout=out, stderr=open(f"{self.folder}/sluice.err", "ab"))
        self.url = f"http://{self.admin}"

        def listens():
            assert self.process.poll() is None, open(f"{self.folder}/sluice.err").read()
            with open(f"{self.folder}/sluice.out") as file:
                return "  ledger " in file.read()
        until("sluice listens", listens, 20)

    def client(self):
        return Wire(self.ports[0])

    def control(self, *words):
        wire = Wire(self.ports[1])
        try:
            return wire.ask(*words).decode()
        finally:
            wire.close()

    def http(self, path, token=None, body=None, **headers):
        """Status and text of an answer."""
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, body.encode() if body is not None else None, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self, token=None):
        return json.loads(self.http("/api/status", token)[1])

    def load(self, work, threads=2):
        """Clients that do `work(wire, turn)` until the bed goes."""
        self.resting = threading.Event()

        def run():
            wire, turn = self.client(), 0
            while not self.resting.is_set():
                try:
                    work(wire, turn)
                except (OSError, ConnectionError):
                    time.sleep(0.05)
                    with contextlib.suppress(OSError):
                        wire = self.client()
                turn += 1
                time.sleep(0.002)
        self.clients = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
        for thread in self.clients:
            thread.start()

    def stop_clients(self):
        if self.clients:
            self.resting.set()
            for thread in self.clients:
                thread.join(5)
            self.clients = []


def ordinary(wire, turn):
    """Keys that are read and written by everybody."""
    wire.ask("SET", f"user:{turn % 500}:profile", f"value {turn}")
    for _ in range(4):
        wire.ask("GET", f"user:{turn % 500}:profile")


class Browser:
    """A Chromium without a window."""

    def __init__(self, width=1280, height=900, dark=False, script=True):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     f"--window-size={width},{height}"):
            options.add_argument(word)
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.size(width, height, dark)

    def size(self, width, height=900, dark=False):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, id):
        return self.run("return document.getElementById(arguments[0]).textContent", id)

    def shown(self, id):
        return self.run("const e = document.getElementById(arguments[0]); return !!(e && e.getClientRects().length)", id)

    def live(self):
        until("the page shows a frame", lambda: self.text("age") == "as of now", 15)
        return self

    def frame(self):
        """What the page was sent last."""
        return self.run("return status")

    def complaints(self):
        """What the console has to say, as far as it is an error of the page."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and not re.search(r"Failed to load resource|net::ERR_", entry["message"])]

    def picture(self, path):
        self.run("window.scrollTo(0, 0)")
        self.driver.save_screenshot(path)
