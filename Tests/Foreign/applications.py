#!/usr/bin/env python3
"""Applications and cache libraries as they are, moved from one Redis to another while they work.

    applications.py SLUICE [--only NAME …] [--servers .build/servers] [--legacy redis-7.0] [--new redis-8.2] [--packages FOLDER]

Each goes through shadow, live at 25, 50 and 100 %, and a rollback, with two workers that check whatever they find (applications/work.py). Then: no
error that a Redis alone does not give, nothing diverged, both stacks hold the same. Exit code 1 where that is not so. Packages come from PyPI
by pinned versions, into a temporary folder (or the one that is named, where they stay).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from suites import Servers, free_port, order  # noqa: E402

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "applications", "work.")
REDIS = "redis==8.1.0"

# name: packages, and what its own keys need while they are on both stacks (docs/clients.md):
#   split   transactions: {split: true}: its MULTI has several keys and need not be atomic
#   pinned  a rule of the flag keeps the keys that begin so on one stack
APPLICATIONS = {
    "django_core": dict(packages=["django==5.2.19", REDIS], split=True),
    "django_redis": dict(packages=["django==5.2.19", "django-redis==7.0.0", REDIS], split=True),
    "cacheops": dict(packages=["django==5.2.19", "django-cacheops==7.2", REDIS], pinned=["w"]),
    "flask_caching": dict(packages=["flask==3.1.3", "flask-caching==2.5.1", REDIS], split=True),
    "cachelib": dict(packages=["cachelib==0.17.0", REDIS], split=True),
    "flask_session": dict(packages=["flask==3.1.3", "flask-session==0.8.0", REDIS]),
    "flask_limiter": dict(packages=["flask==3.1.3", "flask-limiter==4.1.1", REDIS]),
    "limits_fixed": dict(packages=["limits==5.8.0", REDIS]),
    "limits_moving": dict(packages=["limits==5.8.0", REDIS]),
    "limits_sliding": dict(packages=["limits==5.8.0", REDIS]),
    "slowapi": dict(packages=["slowapi==0.1.10", "fastapi==0.165.0", "httpx==0.28.1", "redis==5.3.1"]),
    "fastapi_cache2": dict(packages=["fastapi-cache2==0.2.2", "redis==5.3.1"], pinned=["w"]),
    "aiocache": dict(packages=["aiocache==0.12.3", REDIS], split=True),
    "cashews": dict(packages=["cashews==7.6.0", REDIS], split=True),
    "dogpile": dict(packages=["dogpile.cache==1.5.0", REDIS], split=True),
    "walrus": dict(packages=["walrus==0.9.8", REDIS]),
    "redis_py_lock": dict(packages=[REDIS]),
    "redlock": dict(packages=["redlock-py==1.0.8", REDIS]),
    "python_redis_lock": dict(packages=["python-redis-lock==4.0.1", REDIS], pinned=["lock:", "lock-signal:"]),
    "huey": dict(packages=["huey==3.5.4", REDIS]),
    "scrapy_redis": dict(packages=["scrapy-redis==0.9.1", REDIS]),
    "apscheduler": dict(packages=["apscheduler==3.11.3", REDIS], pinned=["w"]),
    "redis_om": dict(packages=["redis-om==1.2.0"]),
    "valkey_py": dict(packages=["valkey==6.2.0"]),
    "coredis": dict(packages=["coredis==6.9.0"]),
    "glide": dict(packages=["valkey-glide-sync==2.6.0"]),
    # Debian's packages php-redis, ruby-redis and node-redis.
    "phpredis": dict(program="php"),
    "php_sessions": dict(program="php"),
    "redis_rb": dict(program="ruby"),
    "node_redis": dict(program="node"),
}
# What `make test` runs.
CORE = ["django_redis", "redis_py_lock", "fastapi_cache2"]
STEPS = [("shadow", 0), ("live", 25), ("live", 50), ("live", 100)]


def flags(stage, percent, pinned):
    share = {"fractional": [["new", percent], ["legacy", 100 - percent]]}
    for prefix in pinned or []:
        side = "new" if percent >= 50 else "legacy"
        share = {"if": [{"starts_with": [{"var": "targetingKey"}, prefix]}, side, share]}
    stages = {name: name for name in ["off", "dualwrite", "shadow", "live", "rampdown", "complete"]}
    return json.dumps({"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {
        "cache-stage": {"state": "ENABLED", "variants": stages, "defaultVariant": stage},
        "cache-stack": {
            "state": "ENABLED", "variants": {"new": "new", "legacy": "legacy"}, "defaultVariant": "legacy", "targeting": share},
        "shadow-sample": {
            "state": "ENABLED", "variants": {"compare": True, "skip": False}, "defaultVariant": "skip",
            "targeting": {"fractional": [["compare", 100], ["skip", 0]]}},
    }})


def install(name, packages, folder):
    if not packages:
        return ""
    home = os.path.join(folder, name)
    done = os.path.join(home, ".installed")
    if not os.path.exists(done):
        subprocess.run(
            [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--root-user-action=ignore", "--upgrade",
             "--target", home, *packages], check=True)
        open(done, "w").close()
    return home


def worker(name, how, packages, port, seconds, seed):
    program = how.get("program", sys.executable)
    return subprocess.Popen(
        [program, WORK + {"php": "php", "ruby": "rb", "node": "js"}.get(program, "py"), name, f"redis://127.0.0.1:{port}", str(seconds), str(seed)],
        env={**os.environ, "PYTHONPATH": packages, "NODE_PATH": "/usr/share/nodejs"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process):
    out, err = process.communicate(timeout=120)
    lines = out.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {"done": 0, "errors": {f"it ended with {process.returncode}: {err.strip()[-300:]}": 1}}
    return json.loads(lines[-1])


def cli(port, *words):
    return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True).stdout


CONTENT = """
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  local value
  if kind == 'string' then value = {redis.call('GET', key)}
  elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'set' then value = redis.call('SMEMBERS', key) table.sort(value)
  elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'hash' then
    local flat = redis.call('HGETALL', key)
    value = {}
    for i = 1, #flat, 2 do value[#value + 1] = flat[i] .. '=' .. flat[i + 1] end
    table.sort(value)
  else value = {redis.call('DUMP', key)} end
  local lives = redis.call('PTTL', key)
  all[#all + 1] = redis.sha1hex(key) .. ' ' .. kind .. ' ' .. redis.sha1hex(table.concat(value, '\\1')) .. ' ' .. (lives < 0 and 'stays' or 'goes')
end
table.sort(all)
return all
"""


def content(port):
    return cli(port, "--raw", "EVAL", CONTENT, "0").splitlines()


def settled(control):
    """What waits for its repair has been put right."""
    for _ in range(100):
        status = json.loads(order(control, "STATUS"))
        if all(status["stacks"][name]["suspects"] == 0 and status["stacks"][name]["mirror_queue"] == 0 for name in ("legacy", "new")):
            return status
        time.sleep(0.1)
    return status


def move(name, how, packages, sluice, programs, folder):
    """What was seen that should not be, and how much was done."""
    servers = Servers(folder)
    try:
        alone = result(worker(name, how, packages, servers.redis(programs[0]), 2, 1))
        legacy, new = servers.redis(programs[0]), servers.redis(programs[1])
        home = tempfile.mkdtemp(dir=folder)
        file, settings = os.path.join(home, "flags.json"), os.path.join(home, "sluice.yaml")
        open(file, "w").write(flags("dualwrite", 0, how.get("pinned")))
        open(settings, "w").write(
            f"flags: {{path: {file}, allow_reshuffle: true}}\ntransactions: {{split: {'true' if how.get('split') else 'false'}}}\n"
            + how.get("settings", ""))
        port, control = servers.sluice(sluice, legacy, new, "--config", settings)
        workers = [worker(name, how, packages, port, 3 + 1.5 * (len(STEPS) + 1), seed) for seed in (1, 2)]
        time.sleep(2)
        for stage, percent in STEPS:
            with open(file + ".next", "w") as next_file:
                next_file.write(flags(stage, percent, how.get("pinned")))
            os.rename(file + ".next", file)
            order(control, "RELOAD")
            time.sleep(1.5)
            status = json.loads(order(control, "STATUS"))
            if status["effective_stage"] != stage:
                return [f"{stage} was not entered: {status['effective_stage']}"], 0, status
        order(control, "ROLLBACK", "drill")
        results = [result(process) for process in workers]
        status = settled(control)
        wrong = [
            f"{error} ({times} times)" for result_ in results for error, times in result_["errors"].items()
            if error not in alone["errors"]]
        if status["compare"]["diverged"]:
            wrong.append(f"{status['compare']['diverged']} diverged")
        left, right = content(legacy), content(new)
        if left != right:
            few = sorted(set(left) ^ set(right))[:4]
            wrong.append(f"{len(set(left) ^ set(right))} lines of content differ, of {len(left)} and {len(right)} keys: {few}")
        return wrong, sum(result_["done"] for result_ in results), status
    finally:
        servers.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--only", action="append", choices=APPLICATIONS)
    parser.add_argument("--core", action="store_true", help="what make test runs")
    parser.add_argument("--legacy", default="redis-7.0")
    parser.add_argument("--new", default="redis-8.2")
    parser.add_argument("--servers", default=".build/servers")
    parser.add_argument("--packages", help="keep the packages in this folder")
    options = parser.parse_args()
    programs = [
        "redis-server" if name == "redis-7.0" else os.path.abspath(f"{options.servers}/{name}") for name in (options.legacy, options.new)]
    folder = tempfile.mkdtemp(prefix="sluice-applications-")
    kept = options.packages or os.path.join(folder, "packages")
    faults = 0
    try:
        for name in options.only or (CORE if options.core else APPLICATIONS):
            how = APPLICATIONS[name]
            packages = install(name, how.get("packages"), os.path.abspath(kept))
            wrong, done, status = move(name, how, packages, os.path.abspath(options.sluice), programs, folder)
            if done < 20:
                wrong.append(f"only {done} steps were done")
            compare = status["compare"]
            helps = " ".join(word for word in ("split", "pinned") if how.get(word))
            print(
                f"{name}: {done} steps{', ' + helps if helps else ''}; compared: {compare['matched']} matched, {compare['diverged']} diverged"
                + ("" if not wrong else "; FAULT"))
            for what in wrong:
                print(f"  {what}")
            faults += bool(wrong)
            sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
