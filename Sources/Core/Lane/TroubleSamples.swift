import SluiceRouting

/// Which words of a stack in trouble are passed on: the first three of a word in a minute, and of sixteen words at most, so that a
/// storm of errors costs a look into a small table each.
struct TroubleSamples {
  private struct Word: Hashable {
    let stack: StackID
    let text: UInt128
  }

  private var minute: UInt64 = 0
  private var seen: [Word: Int] = [:]

  /// Whether to pass on this error.
  mutating func admits(_ word: UInt128, of stack: StackID, at now: UInt64) -> Bool {
    let current = now / 60_000_000_000
    if current != minute { (minute, seen) = (current, [:]) }
    let word = Word(stack: stack, text: word)
    let count = seen[word] ?? 0
    guard count < 3, count > 0 || seen.count < 16 else { return false }
    seen[word] = count + 1
    return true
  }
}
