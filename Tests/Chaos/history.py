"""Is a history of reads and writes one that a single register could have had?

Per key, by the intervals of its operations alone. Every value is written once, so each read names its write. For a value
take all its operations, the write and its reads: from the first end to the last start among them it must have been
there. Two values that both must have been there at one moment contradict each other, and so does a write that lies
wholly inside such a span of another value (P. Gibbons, E. Korach, "Testing shared memories", 1997: with these two
rules a history of a register is linearizable).

A write without an acknowledgement may have happened or not: it counts only if somebody read its value, and then as
possible until the error came back, so it may not come back over a later acknowledged write.

A miss is no value. It needs a reason: a delete or an expiry that may lie between it and the last acknowledged write, or
a fault. After an acknowledged delete no older value may be read.
"""
import bisect, collections
from registers import EXISTS

Violation = collections.namedtuple("Violation", "what key span operations")
Zone = collections.namedtuple("Zone", "low high first last")  # first: ends first; last: starts last
LATE = 0.1  # seconds that a value may outlive its time, for two clocks and a loaded machine


class Misses:
    def __init__(self):
        self.counts, self.unexplained = collections.Counter(), []


def check(key, writes, reads, faults, misses):
    """The violations of one key. `faults`: pairs of times between which a fault may have cost the key."""
    found = []
    by_value = {write.value: write for write in writes if write.value is not None}
    readings = collections.defaultdict(list)
    for read in reads:
        if read.value is None or read.value is EXISTS:
            continue
        write = by_value.get(read.value)
        if write is None:
            found.append(Violation("a value that nobody wrote", key, read.end - read.start, [read]))
        elif read.end < write.start:
            found.append(Violation("a value before it was written", key, write.start - read.start, [read, write]))
        else:
            readings[read.value].append(read)
            # One whose end nobody knows may have been carried out long after its client was told so.
            if write.known and write.lives is not None and read.start > write.end + write.lives + LATE:
                found.append(Violation("a value that has expired", key, read.start - write.start, [write, read]))
    found += contradictions(key, writes, readings)
    absences(key, writes, reads, faults, misses, found)
    return found


def contradictions(key, writes, readings):
    spans, points = [], []  # values that must have been there for a while; writes that must have been for a moment
    for write in writes:
        read = readings.get(write.value, ()) if write.value is not None else ()
        if not read and not write.known:
            continue
        first = min([write, *read], key=lambda item: item.end)
        last = max([write, *read], key=lambda item: item.start)
        zone = Zone(min(first.end, last.start), max(first.end, last.start), first, last)
        (spans if first.end < last.start else points).append((zone, write))
    spans.sort(key=lambda item: item[0].low)
    points.sort(key=lambda item: item[0].low)
    lows = [zone.low for zone, _ in points]
    found = []
    for index, (zone, write) in enumerate(spans):
        for other, rival in spans[index + 1:]:
            if other.low >= zone.high:
                break
            found.append(contradiction(key, (zone, write), (other, rival)))
        # From its beginning on, because points inside begin inside.
        for other, rival in points[bisect.bisect_right(lows, zone.low):]:
            if other.low >= zone.high:
                break
            if other.high < zone.high:
                found.append(contradiction(key, (zone, write), (other, rival)))
        if len(found) > 1000:
            break
    return found


def contradiction(key, one, other):
    (zone, write), (rival_zone, rival) = one, other
    older, newer = (write, rival) if write.start <= rival.start else (rival, write)
    what = "an older value came back"
    if newer.value is None:
        what = "a deleted value came back"
    elif not older.known:
        what = "a write that failed came back over a later one"
    operations = {write, rival, zone.first, zone.last, rival_zone.first, rival_zone.last}
    operations = sorted(operations, key=lambda item: item.start)
    return Violation(what, key, max(item.end for item in operations) - operations[0].start, operations)


def absences(key, writes, reads, faults, misses, found):
    lasting = sorted((write for write in writes if write.known and write.value is not None and write.lives is None),
                     key=lambda write: write.end)
    ends = [write.end for write in lasting]
    latest = running_max(lasting, lambda write: write.start)
    endings = sorted((write for write in writes if write.value is None or write.lives is not None), key=lambda write: write.start)
    ending_starts = [write.start + (write.lives or 0) for write in endings]
    order = sorted(range(len(endings)), key=lambda index: ending_starts[index])
    ending_starts = [ending_starts[index] for index in order]
    last_end = running_max([endings[index] for index in order], lambda write: write.end)
    deletes = sorted((write for write in writes if write.known and write.value is None), key=lambda write: write.end)
    delete_ends = [write.end for write in deletes]
    latest_delete = running_max(deletes, lambda write: write.start)
    births = sorted((write for write in writes if write.value is not None), key=lambda write: write.start)
    birth_starts = [write.start for write in births]
    last_birth_end = running_max(births, lambda write: write.end)
    fault_starts = [start for start, _ in faults]
    for read in reads:
        if read.value is None:
            before = bisect.bisect_left(ends, read.start)
            if not before:
                misses.counts["of a key that nobody had written for sure"] += 1
                continue
            floor = latest[before - 1]
            possible = bisect.bisect_right(ending_starts, read.end)
            if possible and last_end[possible - 1][0] > floor[1].start:
                misses.counts["explained by a delete or an expiry"] += 1
            elif any(end >= floor[1].start for _, end in faults[:bisect.bisect_right(fault_starts, read.end)]):
                misses.counts["explained by a fault"] += 1
            else:
                misses.counts["unexplained"] += 1
                found.append(Violation("a miss that nothing explains", key, read.end - floor[1].start, [floor[1], read]))
        elif read.value is EXISTS:
            before = bisect.bisect_left(delete_ends, read.start)
            if not before:
                continue
            delete = latest_delete[before - 1][1]
            possible = bisect.bisect_right(birth_starts, read.end)
            if not possible or last_birth_end[possible - 1][0] <= delete.start:
                found.append(Violation("a deleted key exists", key, read.end - delete.start, [delete, read]))


def running_max(items, measure):
    """For each item the largest so far, with its measure."""
    result, best = [], None
    for item in items:
        if best is None or measure(item) > best[0]:
            best = (measure(item), item)
        result.append(best)
    return result
