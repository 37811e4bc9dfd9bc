#!/usr/bin/env python3
"""Test suites of other people's Redis clients, each run twice: on a Redis, and on Sluice before two of them.

    suites.py SLUICE [--suite NAME …] [--stage shadow] [--percent 100] [--servers .build/servers]

What passes on the Redis and not through Sluice is listed by what it was told. Refusals that docs/commands.md lists are named and
counted; anything else is a fault: exit code 1. Libraries come from PyPI by pinned versions, into a temporary folder.
"""

import argparse
import collections
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

PYTEST = ["pytest==8.3.4", "pytest-asyncio==0.23.8", "pytest-timeout==2.3.1"]
REDIS_PY = [
    "tests/test_commands.py", "tests/test_pipeline.py", "tests/test_scripting.py", "tests/test_lock.py", "tests/test_hash.py",
    "tests/test_encoding.py", "tests/test_function.py", "tests/test_connection_pool.py", "tests/test_asyncio/test_commands.py",
    "tests/test_asyncio/test_pipeline.py", "tests/test_asyncio/test_scripting.py", "tests/test_asyncio/test_lock.py",
]
REDIS_PY_8 = ["coverage==7.10.7", "numpy==2.2.6", "pybreaker==1.4.1", "xxhash==3.6.0"]
UNMARKED = ["-m", "not redismod and not onlycluster"]

# name: package, what else it needs, server, arguments of pytest ({port} is put in), environment, edits of its files.
SUITES = {
    "redis-py-5": dict(
        package="redis==5.0.8", needs=[], server="redis-7.0",
        pytest=[*UNMARKED, "--redis-url", "redis://127.0.0.1:{port}/0", *REDIS_PY]),
    "redis-py-5-resp3": dict(
        package="redis==5.0.8", needs=[], server="redis-7.0",
        pytest=[*UNMARKED, "--protocol", "3", "--redis-url", "redis://127.0.0.1:{port}/0", *REDIS_PY]),
    # The core of `make test`: what is quick.
    "redis-py-8-core": dict(
        package="redis==8.1.0", needs=REDIS_PY_8, server="redis-7.0",
        pytest=[*UNMARKED, "--redis-url", "redis://127.0.0.1:{port}/0", "tests/test_pipeline.py", "tests/test_scripting.py",
                "tests/test_hash.py", "tests/test_encoding.py"]),
    "redis-py-8": dict(
        package="redis==8.1.0", needs=REDIS_PY_8, server="redis-8.2",
        pytest=[*UNMARKED, "--redis-url", "redis://127.0.0.1:{port}/0", *REDIS_PY]),
    "dogpile": dict(
        package="dogpile.cache==1.5.0", needs=["redis==8.1.0", "mako==1.3.10"], server="redis-7.0",
        pytest=["tests/cache/test_redis_backend.py"], environment={"DOGPILE_REDIS_PORT": "{port}"}),
    "walrus": dict(
        package="walrus==0.9.8", needs=["redis==8.1.0"], server="redis-7.0",
        pytest=["walrus/tests/cache.py", "walrus/tests/containers.py", "walrus/tests/counter.py", "walrus/tests/database.py",
                "walrus/tests/rate_limit.py", "walrus/tests/streams.py", "walrus/tests/autocomplete.py"],
        environment={"WALRUS_REDIS_PORT": "{port}"},
        # Database 0 is the one that is carried.
        edits={"walrus/tests/base.py": ("db=15", "db=0")}),
}

# What docs/commands.md says is refused.
REFUSED = [
    ("waiting", "commands that block"), ("watching", "this transaction is not carried"), ("publish/subscribe", "publish/subscribe"),
    ("monitoring", "MONITOR"), ("databases", "only database 0"), ("databases", "meant for the database"),
    ("users", "no users"), ("users", "manage ACL"), ("SORT by pattern", "SORT with a BY or GET"), ("administration", "not administered"),
    ("administration", "configuration is not changed"), ("administration", "saving to disk"), ("administration", "replication belongs"),
    ("administration", "modules are not managed"), ("client-side caching", "CLIENT TRACKING"),
    ("scripts without keys", "a script that declares no key"),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port} after ten seconds")


class Servers:
    """Processes that end with the run."""

    def __init__(self, folder):
        self.folder, self.all = folder, []

    def start(self, *command, port, environment=None):
        home = tempfile.mkdtemp(dir=self.folder)
        log = open(os.path.join(home, "log"), "w")
        self.all.append(subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log))
        wait_for(port)
        return port

    def redis(self, program):
        port = free_port()
        return self.start(program, "--port", str(port), "--save", "", port=port)

    def sluice(self, program, legacy, new, *more):
        port, control = free_port(), free_port()
        self.start(
            program, "serve", "--legacy", f"redis://127.0.0.1:{legacy}", "--new", f"redis://127.0.0.1:{new}",
            "--listen", f"127.0.0.1:{port}", "--control", f"127.0.0.1:{control}", *more, port=port)
        return port, control

    def stop(self):
        for process in self.all:
            process.kill()
            process.wait()


def order(control, *words):
    with socket.create_connection(("127.0.0.1", control), 10) as link:
        link.sendall((" ".join(words) + "\r\n").encode())
        reader = link.makefile("rb")
        head = reader.readline().decode().rstrip()
        if head.startswith("-"):
            raise SystemExit(f"{' '.join(words)}: {head}")
        return reader.read(int(head[1:]) + 2).decode() if head.startswith("$") else head


def install(name, suite, folder):
    """The folder of the suite's own files, and the one of the packages that it needs."""
    home = os.path.join(folder, name)
    packages = os.path.join(home, "packages")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "download", "--no-deps", "--no-binary", ":all:", "-d", home, suite["package"]], check=True, stdout=subprocess.DEVNULL)
    archive = next(os.path.join(home, entry) for entry in os.listdir(home) if entry.endswith(".tar.gz"))
    shutil.unpack_archive(archive, home)
    sources = archive.removesuffix(".tar.gz")
    subprocess.run([*pip, "install", "--root-user-action=ignore", "--target", packages, *PYTEST, *suite["needs"], archive], check=True)
    for path, (old, new) in suite.get("edits", {}).items():
        path = os.path.join(sources, path)
        text = open(path).read()
        if old not in text:
            raise SystemExit(f"{path} has no {old} any more")
        open(path, "w").write(text.replace(old, new))
    return sources, packages


def run(suite, sources, packages, port, report, only=()):
    """The outcome of each test: None if it passed, else what it was told; tests that were left out are not in it."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=native", "-p", "no:cacheprovider", "--asyncio-mode=auto", "--timeout=60", f"--junitxml={report}"]
    words = [word.format(port=port) for word in suite["pytest"]]
    if only:
        words = [word for word in words if not word.endswith(".py")] + sorted({file_of(test, sources) for test in only})
        words += ["-k", " or ".join(sorted({test.split("::")[-1].split("[")[0] for test in only}))]
    command += words
    more = {key: value.format(port=port) for key, value in suite.get("environment", {}).items()}
    done = subprocess.run(
        command, cwd=sources, env={**os.environ, **more, "PYTHONPATH": packages}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not os.path.exists(report):
        raise SystemExit(f"pytest wrote no report:\n{done.stdout[-2000:]}")
    outcomes = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if any(part.tag == "skipped" for part in case):
            continue
        wrong = [part for part in case if part.tag in ("failure", "error")]
        outcomes[name] = " ".join(f"{part.get('message')} {part.text}" for part in wrong) if wrong else outcomes.get(name)
    return outcomes


def file_of(test, sources):
    """`tests.test_lock.TestLock::test_x` is in tests/test_lock.py."""
    path = test.split("::")[0].split(".")
    while path and not os.path.isfile(os.path.join(sources, *path) + ".py"):
        path.pop()
    return "/".join(path) + ".py"


def reason(told):
    return next((name for name, words in REFUSED if words in told), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--suite", action="append", choices=SUITES)
    parser.add_argument("--stage", default="shadow")
    parser.add_argument("--percent", default="100")
    parser.add_argument("--servers", default=".build/servers")
    options = parser.parse_args()
    sluice = os.path.abspath(options.sluice)
    folder = tempfile.mkdtemp(prefix="sluice-suites-")
    faults = 0
    try:
        for name in options.suite or SUITES:
            suite = SUITES[name]
            program = "redis-server" if suite["server"] == "redis-7.0" else os.path.abspath(f"{options.servers}/{suite['server']}")
            sources, packages = install(name, suite, folder)
            servers = Servers(folder)
            try:
                direct = run(suite, sources, packages, servers.redis(program), os.path.join(folder, "direct.xml"))
                port, control = servers.sluice(sluice, servers.redis(program), servers.redis(program))
                order(control, "STAGE", options.stage, *([options.percent] if options.stage == "live" else []))
                through = run(suite, sources, packages, port, os.path.join(folder, "through.xml"))
                lost = {
                    test: through.get(test, "not run")
                    for test, told in direct.items() if told is None and through.get(test, "not run") is not None}
                strange = [test for test, told in lost.items() if reason(told) is None]
                # Some measure time, and the machine has other work: what passes by itself was no fault.
                if strange:
                    again = run(suite, sources, packages, port, os.path.join(folder, "again.xml"), strange)
                    lost = {test: told for test, told in lost.items() if test not in strange or again.get(test, told) is not None}
                compare = json.loads(order(control, "STATUS"))["compare"]
            finally:
                servers.stop()
            passed = [test for test, told in direct.items() if told is None]
            reasons = collections.Counter(reason(told) for told in lost.values())
            strange = [test for test, told in lost.items() if reason(told) is None]
            faults += len(strange) + (compare["diverged"] > 0)
            print(
                f"{name}: {len(passed)} pass on {suite['server']}, {len(passed) - len(lost)} of them through Sluice; compared: "
                f"{compare['matched']} matched, {compare['diverged']} diverged")
            for why, count in reasons.most_common():
                if why:
                    print(f"  {count} need what is refused: {why}")
            for test in strange:
                print(f"  FAULT {test}: {' '.join(lost[test].split())[:300]}")
            sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
