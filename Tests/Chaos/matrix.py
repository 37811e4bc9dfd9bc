"""Chaos for every ordered pair of different servers, one after the other, with flips and faults.

    python3 Tests/Chaos/matrix.py .build/release/sluice [--seconds 40] [--seed 1] [--threads 1] [--only redis-6.2,valkey-9.1]

One line for a pair that is as it should be, everything for one that is not. Ends with the number of failures.
"""
import argparse, itertools, os, subprocess, sys, time

from servers import SERVERS

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(prog="matrix")
    parser.add_argument("sluice")
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="pairs, as legacy,new with a blank between two of them")
    options = parser.parse_args()
    wanted = options.only.split()
    failures = 0
    for number, (legacy, new) in enumerate(itertools.permutations(SERVERS, 2)):
        if wanted and f"{legacy},{new}" not in wanted:
            continue
        started = time.monotonic()
        ran = subprocess.run([sys.executable, HERE, "--sluice", options.sluice, "--legacy", legacy, "--new", new,
                              "--seconds", str(options.seconds), "--seed", str(options.seed + number),
                              "--threads", str(options.threads)],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        failures += ran.returncode != 0
        print(f"  {'FAILED' if ran.returncode else 'ok    '} {time.monotonic() - started:5.1f} s  {legacy} to {new}, "
              f"seed {options.seed + number}", flush=True)
        if ran.returncode:
            print(ran.stdout, flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())
