"""The short form, part of `make test`: fixed seeds, one and two threads, with and without faults; then each law broken on
purpose in the debug build, because a checker that cannot fail proves nothing.

    python3 Tests/Chaos/short.py .build/debug/sluice .build/debug/sluice-bench

One line for what is as it should be, everything for what is not. Ends with the number of failures.
"""
import concurrent.futures, os, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))

# Name, options of one run.
RUNS = [
    ("flips, one thread", ["--seconds", "8", "--seed", "101", "--faults", "none"]),
    ("flips, two threads", ["--seconds", "8", "--seed", "102", "--faults", "none", "--no-flush", "--threads", "2"]),
    ("faults, one thread", ["--seconds", "12", "--seed", "103", "--faults", "stop,cut,delay,disk,kill-new,kill-legacy"]),
    ("faults, two threads", ["--seconds", "12", "--seed", "104", "--faults", "stop,cut,delay,disk,kill-new,kill-legacy", "--threads", "2"]),
    ("the proxy killed", ["--seconds", "8", "--seed", "105", "--faults", "kill-proxy,stop,cut", "--calm", "0.1,0.6", "--threads", "2"]),
    ("faults, layers before both servers", ["--seconds", "9", "--seed", "106", "--faults", "stop,cut,delay,kill-new,kill-legacy,kill-proxy",
                                            "--layers", "web_app", "--legacy-layers", "auto"]),
]

# What breaks (`Sources/Core/LawBreak.swift`), and under which conditions it shows.
BREAKS = {
    "many-lanes": ["--threads", "2", "--faults", "none"],
    "mirror-at-send": ["--faults", "none"],
    "mirror-the-wish": ["--faults", "none"],
    "unproven-updates": ["--faults", "none"],
    "no-fence": ["--faults", "delay", "--calm", "0,0.1", "--flips", "0.1,0.3"],
    "no-suspects": ["--faults", "cut,stop"],
    "serve-suspects": ["--faults", "cut", "--calm", "0,0.2", "--flips", "0.05,0.2"],
    "no-journal": ["--faults", "kill-proxy", "--calm", "0.2,0.8"],
    "compare-without-reask": ["--faults", "none"],
}
ATTEMPTS = 8  # a race is not won every time, and a machine may be busy


def chaos(sluice, options):
    # `timeout` tells it to end what it started.
    ran = subprocess.run(["timeout", "-s", "INT", "-k", "10", "180", sys.executable, HERE, "--sluice", sluice, *options],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return ran.returncode, ran.stdout


def caught(sluice, law):
    """None if the checkers catch it, otherwise what they said."""
    for attempt in range(ATTEMPTS):
        code, screen = chaos(sluice, ["--break", law, "--seconds", "5", "--no-flush", "--patience", "8",
                                      "--seed", str(201 + attempt), *BREAKS[law]])
        if code == 1:
            return None
        if code != 0:
            break
    return screen


def main(sluice, bench):
    failures = 0

    def say(name, started, trouble):
        nonlocal failures
        failures += trouble is not None
        print(f"  {'ok    ' if trouble is None else 'FAILED'} {time.monotonic() - started:5.1f} s  {name}", flush=True)
        if trouble is not None:
            print(trouble, flush=True)

    started = time.monotonic()
    ran = subprocess.run([sys.executable, os.path.join(HERE, "test_checkers.py")], stderr=subprocess.PIPE, text=True)
    say("the checkers, on histories written by hand", started, ran.stderr if ran.returncode else None)
    for threads in ("1", "2"):
        started = time.monotonic()
        ran = subprocess.run([bench, "evidence", "--sluice", sluice, "--threads", threads, "--comparisons", "50000"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        say(f"50,000 comparisons without a false alarm, threads {threads}", started, ran.stdout if ran.returncode else None)
    for name, options in RUNS:
        started = time.monotonic()
        for _ in range(ATTEMPTS):
            code, screen = chaos(sluice, options)
            # A machine that is too slow for a fence's deadline is a fault that nobody ordered.
            if not (code and "none" in options and "of a fence" in screen):
                break
        say(name, started, screen if code else None)
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        broken = {law: pool.submit(caught, sluice, law) for law in BREAKS}
        for law, trouble in broken.items():
            trouble = trouble.result()
            say(f"broken on purpose and caught: {law}", started,
                None if trouble is None else f"{trouble}\nThe checkers did not catch it. Is it a debug build?")
    return failures


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
