#!/usr/bin/env python3
"""Services and their caches, taken through a whole cutover with the real proxy and two real Redis servers, while requests go on.

    walk.py SLUICE [--only before|after|django|hummingbird] [--seconds 3] [--legacy redis-server] [--new redis-server] [--packages FOLDER]

Each service runs twice: once with its Redis as it was ("direct"), and once behind the proxy. Both get the same requests, one behind the other, at every
step. Exit code 1 where a request fails or gets a wrong answer, or where the hit rate is more than a point from that of direct.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "Tests", "Foreign"))
from applications import install, settled  # noqa: E402
from pages import quiet_flags  # noqa: E402
from suites import Servers, free_port  # noqa: E402

# module, and what sluice.yaml has to say for it
SERVICES = {
    "before": ("before.shop", "transactions: {split: true}\n"),
    "after": ("after.shop", ""),
    "django": ("django_cache.shop", "transactions: {split: true}\n"),
    # Built by `make examples`; its walk is one of sessions.
    "hummingbird": (None, ""),
}
HUMMINGBIRD = os.path.join(TOP, "Examples", "hummingbird-sessions", ".build", "debug", "SessionsServer")
# What a step is called, and the orders that lead to it.
STEPS = [
    ("off", []),
    ("warm", [["stage", "dualwrite"], ["warm"]]),
    ("shadow", [["stage", "shadow"]]),
    ("live 25", [["stage", "live", "25"]]),
    ("live 50", [["ramp", "50"]]),
    ("live 100", [["ramp", "100"]]),
    ("rollback", [["rollback", "a drill"]]),
    ("live again", [["rearm", "--resume", "the drill is over"]]),
    ("complete", [["stage", "rampdown"], ["verify"], ["stage", "complete", "--yes"]]),
]
USERS, TTL = 4, 600
# Requests of a step: on a busy machine it lasts until they are there.
FEWEST = 25


class Shopper:
    """One user of both services, with products and a basket of its own: whatever it finds there is what it did last.

    Misses come from what is changed, and not from what expires, so that both sides have them at the same requests: whatever lies between the two hit
    rates was lost on the way.
    """

    def __init__(self, number, ports):
        self.number, self.random = number, random.Random(number)
        self.links = {side: http.client.HTTPConnection("127.0.0.1", port, timeout=5) for side, port in ports.items()}
        self.versions, self.items, self.changes = {}, {}, 0
        self.turn = 0

    def own(self):
        name = str(300 + 25 * self.number + self.random.randrange(25))
        return name, {"id": name, "version": self.versions.get(name, 0)}

    def first(self):
        """What brings the products that nobody changes into both caches."""
        names = [str(name) for name in range(self.number, 300, USERS)]
        for begin in range(0, len(names), 15):
            few = names[begin:begin + 15]
            yield "GET", f"/lists/{','.join(few)}", None, [{"id": name, "version": 0} for name in few]

    def request(self):
        """Method, path, body, and what the answer has to be."""
        kind = self.random.random()
        if kind < 0.40:
            name = str(min(int(self.random.paretovariate(0.7)), 299))
            return "GET", f"/products/{name}", None, {"id": name, "version": 0}
        if kind < 0.55:
            wanted = dict(self.own() for _ in range(4))
            return "GET", f"/lists/{','.join(wanted)}", None, list(wanted.values())
        own, value = self.own()
        if kind < 0.70:
            self.versions[own] = value["version"] + 1
            return "PUT", f"/products/{own}", {"version": self.versions[own]}, {"id": own, "version": self.versions[own]}
        if kind < 0.92:
            return "GET", f"/products/{own}", None, value
        user = f"u{self.number}"
        if kind < 0.96:
            item = str(self.random.randrange(5))
            self.items[item] = self.items.get(item, 0) + 1
            self.changes += 1
            return "POST", f"/baskets/{user}/{item}", None, {"items": self.items[item], "changes": self.changes}
        return "GET", f"/baskets/{user}", None, {"items": dict(self.items)}

    def step(self, figures, request=None):
        method, path, body, expected = request or self.request()
        self.turn += 1
        results = {}
        for side in ("direct", "proxy") if self.turn % 2 else ("proxy", "direct"):
            results[side] = self.ask(self.links[side], method, path, body, expected)
        figures.add(results)

    def ask(self, link, method, path, body, expected):
        """Seconds, what the cache was, and what was wrong."""
        began = time.perf_counter()
        try:
            link.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json"})
            answer = link.getresponse()
            text = answer.read()
            took = time.perf_counter() - began
            if answer.status != 200:
                return took, None, f"{method} {path.rsplit('/', 1)[0]}: HTTP {answer.status}"
            found = json.loads(text)
            if "items" in found and isinstance(found["items"], dict):
                found["items"] = {key: int(value) for key, value in found["items"].items()}
            wrong = None if found == expected else f"{method} {path}: {found} instead of {expected}"[:200]
            return took, answer.getheader("x-cache"), wrong
        except (OSError, http.client.HTTPException, ValueError) as error:
            link.close()
            return time.perf_counter() - began, None, f"{method} {path.rsplit('/', 1)[0]}: {type(error).__name__}: {error}"


class Visitor(Shopper):
    """One user of the sessions of a Hummingbird service: each is there, or ended, and known beforehand."""

    def first(self):
        for number in range(120):
            yield "PUT", self.path(number), f"name {number}", (204, "")
            self.versions[number] = f"name {number}"

    def path(self, number):
        return f"/sessions/{self.number}-{number}"

    def request(self):
        number, kind = self.random.randrange(120), self.random.random()
        known = self.versions.get(number)
        if kind < 0.75:
            return "GET", self.path(number), None, (200, known) if known else (404, None)
        if kind < 0.92:
            self.changes += 1
            self.versions[number] = f"name {number} {self.changes}"
            return "PUT", self.path(number), self.versions[number], (204, "")
        self.versions.pop(number, None)
        return "DELETE", self.path(number), None, (204, "") if known else (404, None)

    def ask(self, link, method, path, body, expected):
        began = time.perf_counter()
        try:
            link.request(method, path, body)
            answer = link.getresponse()
            text = answer.read().decode()
            took = time.perf_counter() - began
            found = (answer.status, text if expected[1] is not None else None)
            cache = {200: "hit", 404: "miss"}.get(answer.status) if method == "GET" else None
            return took, cache, None if found == expected else f"{method} {path}: {found} instead of {expected}"
        except (OSError, http.client.HTTPException) as error:
            link.close()
            return time.perf_counter() - began, None, f"{method} {path}: {type(error).__name__}: {error}"


class Side:
    """What one of the two answered in one step."""

    def __init__(self):
        self.took, self.hits, self.misses, self.errors = [], 0, 0, {}

    @property
    def failed(self):
        return sum(self.errors.values())

    @property
    def hit_rate(self):
        return 100 * self.hits / max(self.hits + self.misses, 1)

    def milliseconds(self, share):
        took = sorted(self.took)
        return 1000 * took[min(int(share * len(took)), len(took) - 1)] if took else 0.0


class Figures:
    """Of one step; several threads add, each a request once both sides have answered it, so that both have the same ones."""

    def __init__(self):
        self.lock, self.sides = threading.Lock(), {"direct": Side(), "proxy": Side()}

    @property
    def count(self):
        return len(self.sides["proxy"].took)

    def add(self, results):
        with self.lock:
            for name, (took, cache, wrong) in results.items():
                side = self.sides[name]
                side.took.append(took)
                side.hits += cache == "hit"
                side.misses += cache == "miss"
                if wrong:
                    side.errors[wrong] = side.errors.get(wrong, 0) + 1


class Crowd:
    """All shoppers, each in a thread, at a steady pace, into the figures of the present step."""

    def __init__(self, ports, pace, shopper):
        self.figures, self.over, self.pace = Figures(), False, pace
        self.ready = threading.Barrier(USERS + 1)
        self.threads = [threading.Thread(target=self.shop, args=(shopper(number, ports),)) for number in range(USERS)]
        for thread in self.threads:
            thread.start()

    def shop(self, shopper):
        for request in shopper.first():
            shopper.step(self.figures, request)
        self.ready.wait(60)
        due = time.monotonic()
        while not self.over:
            shopper.step(self.figures)
            due = max(due + self.pace, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))

    def next(self):
        ended, self.figures = self.figures, Figures()
        return ended.sides

    def wait(self, requests, seconds=30):
        end = time.monotonic() + seconds
        while self.figures.count < requests and time.monotonic() < end:
            time.sleep(0.05)

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()


def serve(servers, module, url, packages):
    port = free_port()
    if module is None:
        # The preset of development keeps 50 entries in the process, of 480 that are in use.
        return servers.start(HUMMINGBIRD, port=port, environment={**os.environ, "PORT": str(port), "REDIS_URL": url, "DEBUG": "1"})
    environment = {**os.environ, "PYTHONPATH": packages, "REDIS_URL": url, "CACHE_TTL": str(TTL), "PYTHONDONTWRITEBYTECODE": "1"}
    return servers.start(
        sys.executable, "-m", "uvicorn", "--app-dir", HERE, "--port", str(port), "--log-level", "error", f"{module}:app", port=port,
        environment=environment)


def operate(sluice, control, words):
    # A step up that is not yet due, because something waits for its repair, is asked for again, as a person would.
    for attempt in range(20):
        done = subprocess.run(
            [sluice, *words, "--control", f"127.0.0.1:{control}"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode not in (65, 75):
            break
        time.sleep(0.25)
    if done.returncode:
        return f"sluice {' '.join(words)}: exit code {done.returncode}: {(done.stderr or done.stdout).strip()[:400]}"
    return None


def walk(name, options, packages, folder):
    """Prints the table of one service; what is wrong with it."""
    module, settings = SERVICES[name]
    servers, wrong = Servers(folder), []
    crowd = None
    try:
        alone, legacy, new = servers.redis(options.legacy), servers.redis(options.legacy), servers.redis(options.new)
        home = tempfile.mkdtemp(dir=folder)
        flags, configuration = quiet_flags(home), os.path.join(home, "sluice.yaml")
        open(configuration, "w").write(settings)
        port, control = servers.sluice(
            options.sluice, legacy, new, "--flags", flags, "--ledger", os.path.join(home, "sluice.db"), "--config", configuration)
        ports = {
            "direct": serve(servers, module, f"redis://127.0.0.1:{alone}/0", packages),
            "proxy": serve(servers, module, f"redis://127.0.0.1:{port}/0", packages),
        }
        crowd = Crowd(ports, options.pace, Shopper if module else Visitor)
        # The first fill of both caches is no figure.
        crowd.ready.wait(60)
        first = crowd.next()
        print(f"{name} ({module or 'SessionsServer'})")
        print(f"  {'step':<11}{'requests':>9}{'errors':>7}{'hit rate':>10}{'direct':>8}{'apart':>7}{'p50 ms':>8}{'direct':>8}{'p99 ms':>8}{'direct':>8}")
        for step, orders in STEPS:
            for words in orders:
                fault = operate(options.sluice, control, words)
                if fault:
                    return wrong + [fault]
            time.sleep(options.seconds)
            crowd.wait(FEWEST)
            ended = crowd.next()
            direct, proxy = ended["direct"], ended["proxy"]
            apart = proxy.hit_rate - direct.hit_rate
            print(
                f"  {step:<11}{len(proxy.took):>9}{proxy.failed:>7}{proxy.hit_rate:>9.1f}%{direct.hit_rate:>7.1f}%{apart:>+7.1f}"
                f"{proxy.milliseconds(.5):>8.1f}{direct.milliseconds(.5):>8.1f}{proxy.milliseconds(.99):>8.1f}{direct.milliseconds(.99):>8.1f}")
            sys.stdout.flush()
            if abs(apart) > 1:
                wrong.append(f"{step}: the hit rate is {apart:+.1f} points from direct")
            if len(proxy.took) < FEWEST:
                wrong.append(f"{step}: only {len(proxy.took)} requests")
            for side, figures in ended.items():
                wrong += [f"{step}, {side}: {text} ({times} times)" for text, times in figures.errors.items()]
        wrong += [f"before the first step, {side}: {text}" for side in first for text in first[side].errors]
        status = settled(control)
        if status["compare"]["diverged"]:
            wrong.append(f"{status['compare']['diverged']} diverged")
        if status["effective_stage"] != "complete":
            wrong.append(f"the end is {status['effective_stage']}")
        print(f"  compared: {status['compare']['matched']} matched, {status['compare']['diverged']} diverged")
        return wrong
    finally:
        if crowd:
            crowd.stop()
        servers.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice", type=os.path.abspath)
    parser.add_argument("--only", action="append", choices=SERVICES)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each step")
    parser.add_argument("--pace", type=float, default=0.03, help="seconds from one request of a user to its next")
    parser.add_argument("--legacy", default="redis-server")
    parser.add_argument("--new", default="redis-server")
    parser.add_argument("--packages", help="keep the packages in this folder")
    parser.add_argument("--tests", action="store_true", help="run the services' own tests first")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="sluice-fastapi-")
    faults = 0
    try:
        wanted = [line.strip() for line in open(os.path.join(HERE, "requirements.txt")) if not line.startswith("#")]
        packages = ""
        if options.only != ["hummingbird"]:
            packages = install("shop", wanted, os.path.abspath(options.packages or os.path.join(folder, "packages")))
        if options.tests:
            faults += subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=HERE,
                env={**os.environ, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}).returncode != 0
        for name in options.only or [name for name in SERVICES if name != "hummingbird"]:
            wrong = walk(name, options, packages, folder)
            for what in wrong:
                print(f"  FAULT {what}")
            faults += bool(wrong)
            sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
