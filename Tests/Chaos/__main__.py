"""Chaos: the real proxy in front of two real Redis servers, under traffic, flips and faults, and checkers that look for a lie.

The laws of the cutover are worth what a sceptic can repeat. This program knows nothing of the proxy's inside. It sends
commands, moves stages and breaks things, all drawn from one seed, and then asks:

  history   did any read return something older than the last write acknowledged before the read began? (history.py: keys
            that many clients write; units.py: keys of every type with one writer each)
  state     once all is quiet and repaired, do both servers hold the same, key by key, expiry included? (state.py)
  evidence  without faults nothing can differ: did the proxy say that something does?

Threads are not replayed exactly: a seed gives the same commands, flips and faults, but not the same interleaving.
Ends with 0 if nothing was found, 1 if something was, 2 if the run itself failed.
"""
import sys
from once import once

if __name__ == "__main__":
    sys.exit(once(sys.argv[1:], __doc__))
