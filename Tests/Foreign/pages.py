#!/usr/bin/env python3
"""The pages whose commands are promised to work, run as they are: docs/migration-plan.md and docs/python.md.

    pages.py SLUICE [--only plan|python] [--packages FOLDER]

On two real servers, with a client at work. Exit code 1 where a command ends otherwise than the page says, or a page says less or more than is so.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from applications import REDIS, cli, install  # noqa: E402
from suites import Servers, free_port, order  # noqa: E402

# Subcommands that the plan has to run.
NAMED = ["assess", "bench before", "bench after", "bench compare", "plan", "status", "diagnose", "verify", "warm", "rollback", "rearm", "report"]
# What docs/python.md says is not carried. Once one of them is, the page has to change.
NOT_CARRIED = [["SELECT", "3"], ["WATCH", "k"], ["BLPOP", "k", "1"], ["SUBSCRIBE", "c"], ["XREAD", "BLOCK", "1", "STREAMS", "s", "0"], ["MONITOR"]]


def blocks(page, language):
    text = open(os.path.join(TOP, "docs", page)).read()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def quiet_flags(folder):
    """The flag file as it comes, but that a server is never called slow: who builds beside the tests would make it so."""
    path = os.path.join(folder, "sluice.flagd.json")
    flags = json.load(open(os.path.join(TOP, "flags", "sluice.flagd.json")))
    flags["flags"]["cache-guardrails"]["variants"]["default"]["slowRate"] = 1
    json.dump(flags, open(path, "w"), indent=2)
    return path


class Traffic(threading.Thread):
    """A client of the proxy while the plan is carried out: it sets, reads and remembers."""

    def __init__(self, port, ending):
        """What goes wrong once there is a file `ending` is the end of the proxy."""
        super().__init__(daemon=True)
        self.port, self.ending, self.over, self.wrong, self.done = port, ending, False, [], 0

    def fault(self, text):
        if not os.path.exists(self.ending):
            self.wrong.append(text)

    def run(self):
        import socket

        link = None
        while not self.over:
            try:
                if link is None:
                    link = socket.create_connection(("127.0.0.1", self.port), 5)
                    reader = link.makefile("rb")
                number = str(self.done % 200).encode()
                link.sendall(b"*5\r\n$3\r\nSET\r\n$%d\r\nuser:%s\r\n$%d\r\n%s\r\n$2\r\nEX\r\n$3\r\n600\r\n" % (len(number) + 5, number, len(number), number))
                first = reader.readline()
                link.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\nuser:%s\r\n" % (len(number) + 5, number))
                second = reader.readline() + reader.readline()
                if not first or not second:
                    raise OSError("closed by the proxy")
                if first != b"+OK\r\n" or second != b"$%d\r\n%s\r\n" % (len(number), number):
                    self.fault(f"a client was answered {first!r} {second!r}")
                self.done += 1
                time.sleep(0.002)
            except OSError as error:
                # Before the page has started the proxy nobody is there; afterwards that is a fault.
                if self.done and not self.over:
                    self.fault(f"a client lost its connection: {error}")
                link = None
                time.sleep(0.1)


def plan(sluice, folder):
    wrong = []
    script = "\n".join(blocks("migration-plan.md", "sh"))
    wrong += [f"the page has no `sluice {name}` among its commands" for name in NAMED if f"sluice {name}" not in script]
    servers = Servers(folder)
    home = tempfile.mkdtemp(dir=folder)
    shutil.copy(quiet_flags(folder), os.path.join(home, "sluice.flagd.json"))
    # Something for `assess --source` to look at.
    open(os.path.join(home, "cache.py"), "w").write("redis = Redis.from_url('redis://redis:6379')\n")
    os.symlink(sluice, os.path.join(home, "sluice"))
    legacy, new = servers.redis("redis-server"), servers.redis("redis-server")
    cli(legacy, "MSET", *[word for number in range(500) for word in (f"old:{number}", str(number))])
    ports = {"6400": free_port(), "6401": free_port(), "6402": free_port()}
    for usual, port in ports.items():
        script = re.sub(rf"\b{usual}\b", str(port), script)
    ending = os.path.join(home, "ending")
    traffic = Traffic(ports["6400"], ending)
    traffic.start()
    # The proxy that the page starts is ended by its own shell.
    script = "set -euo pipefail\ntrap 'touch ending; kill $(jobs -p) 2>/dev/null; wait' EXIT\nset -v\n" + script
    try:
        done = subprocess.run(
            ["bash", "-c", script], cwd=home, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": f"{home}:{os.environ['PATH']}", "OLD": f"redis://127.0.0.1:{legacy}", "NEW": f"redis://127.0.0.1:{new}",
                 "SLUICE_CONTROL": f"127.0.0.1:{ports['6401']}"})
        traffic.over = True
        traffic.join(10)
        if done.returncode:
            wrong.append(f"a command ended with {done.returncode}; the last lines:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        else:
            for words in ("verdict", "the proxy's hop is in the difference", "complete"):
                if words not in done.stdout:
                    wrong.append(f"nothing said {words!r}")
            if not os.path.exists(os.path.join(home, "incident.tar.gz")):
                wrong.append("diagnose left no archive")
            if cli(new, "DBSIZE") != cli(legacy, "DBSIZE") or int(cli(new, "DBSIZE")) < 600:
                wrong.append(f"at the end new has {cli(new, 'DBSIZE').strip()} keys, legacy {cli(legacy, 'DBSIZE').strip()}")
        wrong += traffic.wrong[:3]
        if traffic.done < 100:
            wrong.append(f"the client has done only {traffic.done} steps")
        print(f"migration-plan.md: {len(script.splitlines())} lines, {traffic.done} steps of a client meanwhile")
    finally:
        traffic.over = True
        servers.stop()
    return wrong


def python(sluice, folder, packages):
    wrong = []
    servers = Servers(folder)
    try:
        home = tempfile.mkdtemp(dir=folder)
        flags = quiet_flags(home)
        legacy, new = servers.redis("redis-server"), servers.redis("redis-server")
        port, control = servers.sluice(sluice, legacy, new, "--flags", flags)
        order(control, "STAGE", "dualwrite")
        for stage in (["shadow"], ["live", "50"]):
            order(control, "STAGE", *stage, *(["FORCE", "a test"] if stage[0] == "live" else []))
            for code in blocks("python.md", "python"):
                if "PROXY" not in code:
                    compile(code, "docs/python.md", "exec")
                    continue
                done = subprocess.run(
                    [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": packages, "PROXY": f"redis://127.0.0.1:{port}/0"},
                    capture_output=True, text=True)
                if done.returncode:
                    wrong.append(f"in {' '.join(stage)}:\n{code}\n{done.stderr[-600:]}")
        for words in NOT_CARRIED:
            said = cli(port, *words) if words[0] not in ("SUBSCRIBE", "MONITOR", "BLPOP") else subprocess.run(
                ["timeout", "2", "redis-cli", "-p", str(port), *words], capture_output=True, text=True).stdout
            if "sluice:" not in said:
                wrong.append(f"docs/python.md says that {' '.join(words)} is not carried, and it was answered {said.strip()!r}: the page has to change")
        print(f"python.md: {len(blocks('python.md', 'python'))} examples, {len(NOT_CARRIED)} refusals")
    finally:
        servers.stop()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice", type=os.path.abspath)
    parser.add_argument("--only", choices=["plan", "python"])
    parser.add_argument("--packages", help="keep the packages in this folder")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="sluice-pages-")
    try:
        wrong = []
        if options.only != "python":
            wrong += plan(options.sluice, folder)
        if options.only != "plan":
            wrong += python(options.sluice, folder, install("redis-py", [REDIS], os.path.abspath(options.packages or os.path.join(folder, "packages"))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what in wrong:
        print(f"FAULT {what}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
