/// What `PTTL` said of a read's keys on both stacks, each just before it was asked the read itself: milliseconds left, -1 for ever,
/// -2 no such key; nil where a stack could not say.
///
/// Why before: a key that lives when it is asked for its time, and is gone when it is read, had little time left.
struct KeyLifetimes {
  var legacy: [Int?]
  var new: [Int?]

  /// Whether the key expires, or has just expired, so that one stack may have had it and the other not: each misses it or
  /// has it for at most `edge` milliseconds, and one has it still.
  func isAtEdge(_ index: Int, edge: Int) -> Bool {
    guard legacy.indices.contains(index), new.indices.contains(index), let left = legacy[index],
      let right = new[index]
    else { return false }
    return isNear(left, edge) && isNear(right, edge) && (left != -2 || right != -2)
  }

  /// The first key that one stack has and the other has not.
  var firstMissing: Int? {
    legacy.indices.first { isMissing(legacy, $0, butIn: new) || isMissing(new, $0, butIn: legacy) }
  }

  var isMissingInLegacy: Bool { legacy.indices.contains { isMissing(legacy, $0, butIn: new) } }
  var isMissingInNew: Bool { new.indices.contains { isMissing(new, $0, butIn: legacy) } }
  var isKnown: Bool { !legacy.contains(nil) && !new.contains(nil) }

  private func isNear(_ time: Int, _ edge: Int) -> Bool { time == -2 || (0...max(0, edge)).contains(time) }

  private func isMissing(_ here: [Int?], _ index: Int, butIn there: [Int?]) -> Bool {
    guard there.indices.contains(index), let other = there[index] else { return false }
    return here[index] == -2 && other != -2
  }
}
