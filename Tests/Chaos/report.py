"""Checks a run when it is over and says what it found, in the fewest lines that show it."""
import collections, contextlib, sqlite3, time
import history, state
from registers import brief
from run import CRASHED
from wild import READS

EXPECTED = ("WRONGTYPE", "CROSSSTACK", "ERR", "BUSYGROUP", "NOGROUP", "UNBLOCKED", "BUSYKEY")  # what any Redis may answer

REFUSED = ("ERR sluice: the layers of", "ERR sluice: layer")  # no command of ours is one that a layer should refuse


def report(run):
    """Prints it; true if the run shows no violation."""
    options, disturbances = run.options, run.disturbances
    found = []  # (what, key, span, lines)
    misses = history.Misses()
    faults = sorted(map(tuple, disturbances.spans))
    reads = writes = unknown = 0
    for key, wrote, read in run.registers.histories():
        reads, writes, unknown = reads + len(read), writes + len(wrote), unknown + sum(not write.known for write in wrote)
        for violation in history.check(key, wrote, read, faults, misses):
            found.append((violation.what, violation.key, violation.span,
                          [(op.start, op.end, line(op)) for op in violation.operations]))
    models, looks = run.units.check()
    found += models
    compared = None
    if not run.broken and not run.proxy.has_crashed:
        compared = state.compare(run)
    kinds = collections.Counter(item[0] for item in found)
    for kind in kinds:
        show(run, *min((item for item in found if item[0] == kind), key=lambda item: item[2]))
    errors = sum(run.errors, collections.Counter())
    lost = {text: count for text, count in errors.items() if not text.startswith(EXPECTED) or text.startswith(REFUSED)}
    diverged = total(run, "compare", "diverged")
    layers = options.layers
    # Without faults nothing else can differ: times to live, where the stacks give strings different ones.
    unexpected = diverged - (kinds_of_divergence(run)["ttl"] if layers["legacy"].default_ttl != layers["new"].default_ttl else 0)
    print(f"\nseed {options.seed}: {options.seconds:g} s, {options.clients} clients, {options.threads} threads, "
          f"faults {' '.join(options.faults) or 'none'}{', broken: ' + options.break_ if options.break_ else ''}, "
          f""
          + ", ".join(f"{name} {options.servers[name]} {layers[name].name}" for name in layers))
    print(f"  operations {sum(run.operations)} ({len(set().union(*run.commands))} commands); of registers {writes} writes "
          f"({unknown} unknown), {reads} reads; of models {looks} reads by others")
    print(f"  flips {disturbances.flips}, faults {dict(disturbances.faults)}")
    print(f"  suspects {suspects(run)}")
    print(f"  fences {fences(run)}")
    print(f"  misses {dict(misses.counts)}")
    print(f"  compared {total(run, 'compare', 'matched')} matched, {total(run, 'compare', 'superseded')} superseded, "
          f"{diverged} diverged {dict(kinds_of_divergence(run)) or ''}, {total(run, 'compare', 'dropped')} dropped")
    for name, stack in layers.items():
        if stack.are_any:
            print(f"  layers of {name}: {layered(run, name)}")
    print(f"  errors but for what any Redis answers: {sum(lost.values())} {dict(collections.Counter(lost).most_common(4))}")
    print(f"  history: {sum(kinds.values())} violations {dict(kinds) or ''}")
    wrong = [f"the run failed: {text}" for text in run.broken]
    if compared:
        print(f"  state: {len(compared.different)} differences in {compared.keys} keys, lost with a killed or emptied stack {dict(compared.lost)}")
        wrong += [f"{key or ''}: {text}" for key, text in compared.different]
        for key, text in compared.different[:1]:
            show(run, f"the stacks differ: {text}", key, 0, history_of(run, key))
    if run.proxy.has_crashed:
        wrong.append(f"{CRASHED}, with code {run.proxy.process.returncode}")
    if not options.faults:
        wrong += [f"an error without a fault: {text}" for text in lost]
        if unexpected:
            wrong.append(f"{unexpected} divergences reported, and there is nothing that could differ")
            for key, text in divergences(run, without="ttl" if unexpected < diverged else ""):
                show(run, f"reported as a divergence: {text}", key, 0, history_of(run, key))
    for text in wrong[:12]:
        print(f"    {text}")
    return not found and not wrong


def line(op):
    if hasattr(op, "known"):
        return f"client {op.client}: {op.text} -> {'acknowledged' if op.known else 'unknown'}"
    return f"client {op.client}: {op.text} -> {(op.value or 'nothing')[:40]}"


def show(run, what, key, span, lines):
    """The operations of a violation in their order, with the flips and faults among them."""
    print(f"\n{what}: {key}, seed {run.options.seed}")
    first, last = min(start for start, _, _ in lines), max(end for _, end, _ in lines)
    events = [event for event in run.disturbances.events if event[1] >= first - 0.3 and event[0] <= last]
    for start, end, text in sorted(lines + events[:12] + (events[-12:] if len(events) > 24 else events[12:])):
        print(f"  {start - run.begin:11.6f} .. {end - run.begin:11.6f}  {text}")


def history_of(run, key):
    """The last commands on a key."""
    writes = [write for one in run.registers.writes for write in one.get(key, ())]
    if writes:
        return sorted((op.start, op.end, line(op)) for op in writes + run.registers.flushes)[-20:]
    lines = [(start, end, f"client {client}: {brief(words)} -> {brief([reply])}") for client, wild in enumerate(run.wild)
             for start, end, words, reply in wild
             if key in words and not str(reply).startswith("WRONGTYPE") and words[0] not in READS]
    return sorted(lines)[-40:] or [(run.begin, run.begin, "no command of its own")]


def total(run, block, name):
    return sum(status[block][name] for status in run.statuses.values())


def kinds_of_divergence(run):
    kinds = collections.Counter()
    for status in run.statuses.values():
        kinds.update(status["compare"]["kinds"])
    return kinds


def layered(run, name):
    """What the layers of a stack counted, in all lives of the proxy."""
    counts = collections.Counter()
    for status in run.statuses.values():
        counts.update({key: value for key, value in status["stacks"][name].get("layers", {}).items() if isinstance(value, int)})
    return {key: counts[key] for key in ("l1_hits", "compressed", "expanded", "corrupt", "refused", "losses", "recoveries")}


def suspects(run):
    counts = collections.Counter()
    for status in run.statuses.values():
        for stack in status["stacks"].values():
            counts["made"] += stack.get("suspects_made", 0)
            counts["repaired"] += stack.get("suspects_repaired", 0)
    return f"{dict(counts)}, at most {run.suspects} at one time"


def ask_ledger(run, question):
    """The rows; raises sqlite3.Error if there is no ledger that could say."""
    with contextlib.closing(sqlite3.connect(f"file:{run.proxy.ledger}?mode=ro", uri=True, timeout=5)) as ledger:
        return ledger.execute(question).fetchall()


def divergences(run, without, most=3):
    """The first samples of the ledger that are of another kind: key, and what was said of it."""
    question = f"""SELECT CAST(key AS TEXT), kind, command, at / 1000.0, CAST(legacy_preview AS TEXT), CAST(new_preview AS TEXT)
                  FROM divergences WHERE kind <> '{without}' ORDER BY id LIMIT {most}"""
    try:
        rows = ask_ledger(run, question)
    except sqlite3.Error as error:
        return [("", f"unknown: {error}")]
    offset = time.time() - time.monotonic() + run.begin  # the ledger's times are the wall clock's
    return [(key, f"{kind} of {command} at {at - offset:.3f}, legacy {legacy!r}, new {new!r}")
            for key, kind, command, at, legacy, new in rows]


def fences(run):
    """From the ledger: flips that had to hold keys, and the longest hold."""
    try:
        (count, longest), = ask_ledger(run, "SELECT count(held_us), max(held_us) FROM flips")
    except sqlite3.Error as error:
        return f"unknown: {error}"
    return f"{count}, longest hold {(longest or 0) / 1000:.1f} ms"
