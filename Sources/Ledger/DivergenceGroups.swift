import Foundation
import SluiceFigures

/// How many divergences there were, and from when to when.
struct DivergenceTally: Sendable, Equatable {
  var count: Int64 = 1
  var first: Date
  var last: Date

  init(at date: Date) {
    first = date
    last = date
  }

  mutating func merge(_ other: DivergenceTally) {
    count += other.count
    first = min(first, other.first)
    last = max(last, other.last)
  }
}

/// A kind of divergence of one command: all that is known of one whose key did not find room in the queue.
struct DivergenceClass: Hashable, Sendable {
  let kind: DivergenceKind
  let command: UInt16
}

/// Puts the divergences of a run into groups by kind, command and pattern of the key. So many groups at most, and the rest under
/// `(other)`, so that keys without a pattern cost no more memory or disk than others.
struct DivergenceGroups {
  /// Groups of one run; `(other)` and `(lost)` come on top, one of each for a kind and command.
  static let limit = 1000
  static let other = "(other)"
  static let lost = "(lost)"

  struct Group: Hashable {
    let of: DivergenceClass
    let pattern: String
  }

  /// What a batch adds to a group, and the key that was seen first.
  struct Addition {
    var tally: DivergenceTally
    let example: [UInt8]
  }

  private var known: Set<Group> = []

  /// Adds up a batch. To be asked again with the same batch does no harm.
  mutating func additions(of samples: [QueuedSample], _ keys: KeyText) -> [Group: Addition] {
    var additions: [Group: Addition] = [:]
    for case .divergence(let sample, _) in samples.lazy.map(\.content) {
      let tally = DivergenceTally(at: sample.at)
      let group = group(of: sample, keys)
      if additions[group]?.tally.merge(tally) == nil {
        additions[group] = Addition(tally: tally, example: sample.key)
      }
    }
    return additions
  }

  private mutating func group(of sample: DivergenceSample, _ keys: KeyText) -> Group {
    let place = DivergenceClass(kind: sample.kind, command: sample.command)
    let group = Group(of: place, pattern: keys.pattern(sample.key))
    if known.contains(group) { return group }
    guard known.count < Self.limit else { return Group(of: place, pattern: Self.other) }
    known.insert(group)
    return group
  }
}
