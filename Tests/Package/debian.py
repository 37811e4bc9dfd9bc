#!/usr/bin/env python3
"""The Debian package on a fresh Debian: debian.py SLUICE [--root FOLDER] [--suite bookworm] [--mirror http://deb.debian.org/debian] [--largest 53] [--quick]

Made, installed, started, updated, rolled out, rolled back, removed, purged, in a root that debootstrap makes (or that --root keeps for the next run), with a network of its own, so that
the ports are those of the configuration as it comes. No systemd runs there: the unit's own command line is started as the unit's user, and what the unit tells systemd is looked at by
artifacts.py. Wants to be root. Exit code 1 where something is not so.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
# What a package manager keeps for itself, and what is written by others meanwhile.
NOT_OURS = re.compile(
    r"/(proc|sys|dev|run|tmp)(/.*)?|/var/(lib/dpkg|lib/apt|cache|log|backups|tmp|lib/redis|lib/systemd)(/.*)?|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|/etc/ld.so.cache|/new(/.*)?")
LEDGER = {"/var/lib/sluice", "/var/lib/sluice/sluice.db", "/var/lib/sluice/sluice.db-wal", "/var/lib/sluice/sluice.db-shm"}
wrong = []


def check(holds, text):
    if not holds:
        wrong.append(text)
        print(f"FAULT {text}")
    return holds


def done(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, **more)


class Root:
    def __init__(self, path):
        self.path, self.started = path, []

    def run(self, *words, **more):
        return done("chroot", self.path, *words, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}, **more)

    def must(self, *words, **more):
        result = self.run(*words, **more)
        if result.returncode:
            raise SystemExit(f"`{' '.join(words)}` ended with {result.returncode}:\n{result.stdout[-1500:]}{result.stderr[-1500:]}")
        return result.stdout

    def start(self, *words, user=None, folder="/"):
        """In the background, as the unit would."""
        process = subprocess.Popen(
            ["chroot", *([f"--userspec={user}:{user}"] if user else []), self.path, "/bin/sh", "-c", f'cd {folder} && exec "$@"', "sh", *words],
            stdout=open(f"{self.path}/tmp/out", "a"), stderr=subprocess.STDOUT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        self.started.append(process)
        return process

    def files(self):
        found = {}
        for folder, folders, names in os.walk(self.path):
            for name in folders + names:
                path = os.path.join(folder, name)
                inside = path[len(self.path):]
                if not NOT_OURS.fullmatch(inside):
                    found[inside] = os.lstat(path).st_mode
            folders[:] = [name for name in folders if not NOT_OURS.fullmatch(os.path.join(folder, name)[len(self.path):])]
        return found

    def accounts(self):
        return {name: sorted(open(f"{self.path}/etc/{name}").read().splitlines()) for name in ("passwd", "group", "shadow", "gshadow")}

    def stop(self):
        for process in self.started:
            process.kill()
            process.wait()


def until(holds, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return check(False, f"never: {what}")


def ask(port, *words):
    with socket.create_connection(("127.0.0.1", port), 5) as link:
        link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words))
        return link.recv(65536).decode()


def listens(port):
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def serve(root):
    """As the installed unit says: its command line, its user, its folder."""
    unit = open(f"{root.path}/usr/lib/systemd/system/sluice.service").read()
    get = lambda key: re.search(rf"^{key}=(.*)$", unit, re.MULTILINE).group(1)  # noqa: E731
    process = root.start(*get("ExecStart").split(), user=get("User"), folder=get("WorkingDirectory"))
    until(lambda: listens(6400) and root.run("sluice", "status").returncode == 0, "the proxy serves")
    return process


def status(root):
    return json.loads(root.must("sluice", "status", "--json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice", type=os.path.abspath)
    parser.add_argument("--root", default=os.path.join(TOP, ".build", "debian"))
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--largest", type=float, default=53, help="MB of all files of the package; docs/installing.md says what they are")
    parser.add_argument("--quick", action="store_true", help="do not pack the packages")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        root = Root(options.inside)
        try:
            inside(root, options)
        finally:
            root.stop()
        sys.exit(1 if wrong else 0)

    fresh = os.path.abspath(options.root)
    if not os.path.exists(f"{fresh}.made"):
        shutil.rmtree(fresh, ignore_errors=True)
        print(f"debootstrap {options.suite}")
        made = done(
            "debootstrap", "--variant=minbase", "--include=redis-server,libhiredis0.14,libsqlite3-0,ca-certificates", options.suite, fresh, options.mirror)
        if made.returncode:
            raise SystemExit(f"debootstrap ended with {made.returncode}: {made.stdout[-800:]}{made.stderr[-800:]}")
        open(f"{fresh}.made", "w").close()
    folder = tempfile.mkdtemp(prefix="sluice-debian-")
    try:
        root = os.path.join(folder, "root")
        subprocess.run(["cp", "-a", fresh, root], check=True)
        os.makedirs(f"{root}/new")
        for revision, packing in (("1", "none" if options.quick else "xz"), ("2", "none")):
            made = done(os.path.join(TOP, "scripts", "make-deb"), options.sluice, f"{root}/new", revision, packing)
            if made.returncode:
                raise SystemExit(f"make-deb ended with {made.returncode}: {made.stdout}{made.stderr}")
        # A network, processes and mounts of its own: nothing of it is left when it ends.
        code = subprocess.run(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", sys.executable, os.path.abspath(__file__), options.sluice, "--inside", root,
             "--largest", str(options.largest)]).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("the package: made, installed, started, updated, rolled out, rolled back, removed" + (": not as it should be" if code else ""))
    sys.exit(code)


def inside(root, options):
    subprocess.run("ip link set lo up", shell=True, check=True)
    subprocess.run(["mount", "-t", "proc", "proc", f"{root.path}/proc"], check=True)
    packages = sorted(name for name in os.listdir(f"{root.path}/new"))
    before, accounts = root.files(), root.accounts()
    size = os.path.getsize(f"{root.path}/new/{packages[0]}")

    # Installed.
    root.must("dpkg", "-i", f"/new/{packages[0]}")
    binary = os.path.getsize(f"{root.path}/usr/bin/sluice")
    shipped = sum(os.path.getsize(f"{root.path}{path}") for path in root.must("dpkg", "-L", "sluice").split() if os.path.isfile(f"{root.path}{path}"))
    print(f"{packages[0]}: {size / 1e6:.1f} MB; binary {binary / 1e6:.1f} MB, all files {shipped / 1e6:.1f} MB")
    check(shipped <= options.largest * 1e6, f"the package brings {shipped / 1e6:.1f} MB, more than {options.largest}")
    version = root.must("sluice", "--version").strip()
    check(re.match(r"0\.2\.0 \(revision [0-9a-f]{7,}\+?, release, ", version) or "debug" in version, f"--version says {version!r}")
    for path in ("/usr/share/man/man1/sluice-rollback.1.gz", "/usr/share/bash-completion/completions/sluice", "/usr/share/zsh/vendor-completions/_sluice",
                 "/usr/share/fish/vendor_completions.d/sluice.fish", "/usr/lib/systemd/system/sluice.service", "/usr/share/doc/sluice/copyright"):
        check(os.path.exists(root.path + path), f"{path} is missing")
    check("/etc/sluice/sluice.yaml" in root.must("dpkg-query", "-W", "-f", "${Conffiles}", "sluice"), "the configuration is no conffile")
    owner = os.stat(f"{root.path}/var/lib/sluice")
    check(owner.st_uid != 0 and owner.st_mode & 0o777 == 0o750, "the state belongs to the wrong user")
    check(not listens(6400), "an installation has started something")
    check(root.run("dpkg", "-V", "sluice").stdout == "", "files are not those of the package")

    # Started, as a user that may write its state and nothing else.
    for port in ("6379", "6380"):
        root.start("redis-server", "--port", port, "--save", "", "--dir", "/tmp")
        until(lambda: listens(int(port)), f"a Redis listens on {port}")
    proxy = serve(root)
    check(status(root)["stage"] == "off" and ask(6400, "SET", "user:1", "Ada") == "+OK\r\n", "it does not serve")
    root.must("sluice", "stage", "dualwrite")
    root.must("sluice", "warm", "--config", "/etc/sluice/sluice.yaml")

    # Updated: the edited configuration stays, the running proxy goes on until it is started again, and comes up where it was.
    with open(f"{root.path}/etc/sluice/sluice.yaml", "a") as configuration:
        configuration.write("\nservice: of-the-test\n")
    root.must("dpkg", "-i", f"/new/{packages[1]}", stdin=subprocess.DEVNULL)
    check(root.must("dpkg-query", "-W", "-f", "${Version}", "sluice").endswith("-2"), "it was not updated")
    check(ask(6400, "GET", "user:1") == "$3\r\nAda\r\n", "the update has stopped the proxy that runs")
    check("of-the-test" in open(f"{root.path}/etc/sluice/sluice.yaml").read(), "the update has overwritten the configuration")
    proxy.terminate()
    check(proxy.wait(20) == 0, f"the proxy ended with {proxy.returncode}")
    proxy = serve(root)
    check(status(root)["stage"] == "dualwrite" and status(root).get("service") == "of-the-test", f"it came up as {status(root)['stage']}")

    # Rolled out, rolled back.
    for number in range(300):
        ask(6400, "SET", f"key:{number}", str(number))
    root.must("sluice", "stage", "shadow")
    for number in range(300):
        ask(6400, "GET", f"key:{number}")
    root.must("sluice", "stage", "live", "50")
    found = sum(ask(6400, "GET", f"key:{number}") == f"${len(str(number))}\r\n{number}\r\n" for number in range(300))
    check(found == 300, f"{found} of 300 keys are there at live 50")
    root.must("sluice", "rollback", "a drill")
    check(status(root)["rolled_back"], "it is not rolled back")
    proxy.terminate()
    proxy.wait(20)
    proxy = serve(root)
    check(status(root)["rolled_back"], "a restart has forgotten the rollback")
    root.must("sluice", "report", "/var/lib/sluice/sluice.db")
    proxy.terminate()
    check(proxy.wait(20) == 0, f"the proxy ended with {proxy.returncode}")
    for process in root.started:
        process.kill()
        process.wait()

    # Removed: configuration and state stay, as Debian has it. Purged: the ledger alone.
    root.must("dpkg", "-r", "sluice")
    check(not os.path.exists(f"{root.path}/usr/bin/sluice") and os.path.exists(f"{root.path}/etc/sluice/sluice.yaml"), "remove has left or taken too much")
    root.must("dpkg", "-P", "sluice")
    left = set(root.files()) - set(before)
    check(left - LEDGER == set(), f"left behind: {sorted(left - LEDGER)[:10]}")
    check("/var/lib/sluice/sluice.db" in left, "the ledger is gone")
    check(not set(before) - set(root.files()), f"gone with it: {sorted(set(before) - set(root.files()))[:10]}")
    check(root.accounts() == accounts, "its user or group is left behind")
    # And again, over what was left.
    root.must("dpkg", "-i", f"/new/{packages[1]}")
    owner = os.stat(f"{root.path}/var/lib/sluice/sluice.db")
    check(owner.st_uid != 0, "a new installation cannot write the old ledger")


if __name__ == "__main__":
    main()
