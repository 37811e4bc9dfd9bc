"""The options of one run."""
import argparse
from disturbances import WEIGHTS
from layers import KINDS
from servers import SERVERS

ALL = ",".join(WEIGHTS)


def parse(arguments, description=None):
    parser = argparse.ArgumentParser(prog="chaos", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--sluice", default=".build/debug/sluice", help="the proxy to test")
    option("--legacy", choices=SERVERS, default="redis-7.0", help="which server is legacy")
    option("--new", choices=SERVERS, default="redis-7.0", help="and which is new")
    option("--seconds", type=float, default=30)
    option("--seed", type=int, default=1)
    option("--clients", type=int, default=8)
    option("--threads", type=int, default=1, help="event loops of the proxy")
    option("--keys", type=int, default=16, help="how many hot keys everybody writes")
    option("--cold", type=int, default=5000, help="how many keys are touched now and then")
    option("--faults", default=ALL, help=f"by commas: {', '.join(WEIGHTS)}; none: no error, no unexplained miss is allowed")
    option("--flips", default="0.05,0.5", help="the shortest and the longest time between two flips, in seconds")
    option("--calm", default="0.2,1.5", help="the same between two faults")
    option("--also", default="", help="flip to these stages too; `off` feeds one stack alone, so the checkers must fail")
    option("--no-flush", dest="flush", action="store_false", help="never empty everything")
    option("--layers", choices=KINDS, default="plain", help="what stands before the new server (layers.py)")
    option("--legacy-layers", choices=KINDS, default="plain", help="the same before the legacy one")
    option("--ttl-ms", type=int, help="how far expiries may be apart at the end; by default what the faults explain")
    option("--patience", type=float, default=60, help="how long repairs may take when all is over, in seconds")
    option("--break", dest="break_", default="", help="which law a debug build shall break (SLUICE_BREAK)")
    options = parser.parse_args(arguments)
    options.faults = [kind for kind in options.faults.split(",") if kind and kind != "none"]
    if not set(options.faults) <= set(WEIGHTS):
        parser.error(f"--faults knows {', '.join(WEIGHTS)}")
    options.flips, options.calm = ([float(number) for number in text.split(",")] for text in (options.flips, options.calm))
    options.servers = {"legacy": options.legacy, "new": options.new}
    options.layers = {"legacy": KINDS[options.legacy_layers], "new": KINDS[options.layers]}
    if options.ttl_ms is None:
        # An expiry is made absolute when the reply is there: a fault may hold the reply back, and a busy machine the proxy, though not
        # for as long as would end a fence.
        options.ttl_ms = 2000 if options.faults else 250
    return options
