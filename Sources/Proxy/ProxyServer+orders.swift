import SluiceCopying
import SluiceCore

extension ProxyServer {
  /// Carries out one order about each of the keys, in their lanes; the outcomes come in the order of the keys.
  ///
  /// Takes as long as the traffic lets it: an order that cannot begin within ten seconds is refused.
  public func carryOut(_ order: KeyOrder, on keys: [[UInt8]]) async -> [KeyOutcome] {
    guard let first = lanes.first else { return [] }
    var parts: [[(index: Int, key: [UInt8])]] = Array(repeating: [], count: lanes.count)
    for (index, key) in keys.enumerated() { parts[first.owner(of: key.span).index].append((index, key)) }
    var outcomes = Array(repeating: KeyOutcome.overtaken, count: keys.count)
    await withTaskGroup(of: [(Int, KeyOutcome)].self) { group in
      for (lane, part) in zip(lanes, parts) where !part.isEmpty {
        group.addTask {
          await withCheckedContinuation { continuation in
            lane.loop.execute { lane.take(order, part) { continuation.resume(returning: $0) } }
          }
        }
      }
      for await some in group {
        for (index, outcome) in some { outcomes[index] = outcome }
      }
    }
    return outcomes
  }

  /// Brings small keys of one type over that legacy has and new lacks; a letter for each, as `KeyBatch` has them.
  public func fillSmall(_ kind: ValueKind, _ keys: [[UInt8]]) async -> [UInt8] {
    guard let first = lanes.first else { return [] }
    var parts: [[(index: Int, key: [UInt8])]] = Array(repeating: [], count: lanes.count)
    for (index, key) in keys.enumerated() { parts[first.owner(of: key.span).index].append((index, key)) }
    var letters = Array(repeating: KeyBatch.Letter.open, count: keys.count)
    await withTaskGroup(of: [(Int, UInt8)].self) { group in
      for (lane, part) in zip(lanes, parts) where !part.isEmpty {
        group.addTask {
          await withCheckedContinuation { continuation in
            lane.loop.execute { lane.takeSmall(of: kind, part) { continuation.resume(returning: $0) } }
          }
        }
      }
      for await some in group {
        for (index, letter) in some { letters[index] = letter }
      }
    }
    return letters
  }
}
