/// A sorted set: scores by member, and the members in the order of (score, member).
final class SortedSetValue: Collection {
  /// What a member costs beyond its bytes: its array's header, its places in the index and in the order.
  static let memberCost = 112
  /// Redis' `zset-max-listpack-entries` and `zset-max-listpack-value`.
  private static let mostPacked = 128
  private static let longestPacked = 64

  struct Element {
    let score: Double
    let member: [UInt8]

    func precedes(_ other: Element) -> Bool {
      score < other.score || (score == other.score && [UInt8].precedes(member, other.member))
    }
  }

  private var scores: [[UInt8]: Double] = [:]
  private(set) var order = ChunkedArray<Element>()
  private(set) var isPacked: Bool

  init(packed: Bool = true) { isPacked = packed }

  override var kind: Kind { .sortedSet }
  override var encoding: StaticString { isPacked ? "listpack" : "skiplist" }
  override var isEmpty: Bool { order.isEmpty }
  var count: Int { order.count }

  override func copied() -> Collection {
    let copy = SortedSetValue(packed: isPacked)
    copy.scores = scores
    copy.order = order
    copy.cost = cost
    return copy
  }

  func score(of member: [UInt8]) -> Double? { scores[member] }

  /// The number of a member in the order, from the lowest score.
  func rank(of member: [UInt8]) -> Int? {
    guard let score = scores[member] else { return nil }
    let element = Element(score: score, member: member)
    return order.number(order.partition { $0.precedes(element) })
  }

  /// Adds a member or gives it another score, which is a number.
  func set(_ member: [UInt8], _ score: Double) {
    let known = scores[member]
    let grows = known == nil && count >= SortedSetValue.mostPacked
    if isPacked, grows || member.count > SortedSetValue.longestPacked { isPacked = false }
    // A listpack keeps -0 as the integer 0.
    let score = isPacked && score == 0 ? 0 : score
    if let old = known {
      guard old != score else { return }
      removeFromOrder(member, old)
    } else {
      cost += member.count + SortedSetValue.memberCost
    }
    scores[member] = score
    let element = Element(score: score, member: member)
    order.insert(element, at: order.partition { $0.precedes(element) })
  }

  /// What `SORT` does to a sorted set, for good.
  func unpack() { isPacked = false }

  /// What Redis does with a result that it stores.
  func packIfSmall() -> SortedSetValue {
    var isLong = count > SortedSetValue.mostPacked
    order.walk { if $0.member.count > SortedSetValue.longestPacked { isLong = true } }
    guard !isLong else { return self }
    let packed = SortedSetValue()
    order.walk { packed.set($0.member, $0.score) }
    return packed
  }

  func remove(_ member: [UInt8]) -> Bool {
    guard let score = scores.removeValue(forKey: member) else { return false }
    removeFromOrder(member, score)
    cost -= member.count + SortedSetValue.memberCost
    return true
  }

  private func removeFromOrder(_ member: [UInt8], _ score: Double) {
    let element = Element(score: score, member: member)
    order.remove(at: order.partition { $0.precedes(element) })
  }

  func remove(_ ranks: Range<Int>) {
    for element in elements(ranks) {
      scores[element.member] = nil
      cost -= element.member.count + SortedSetValue.memberCost
    }
    order.remove(ranks)
  }

  /// The elements with these numbers, which exist.
  func elements(_ ranks: Range<Int>, backwards: Bool = false) -> [Element] {
    guard !ranks.isEmpty else { return [] }
    var elements: [Element] = []
    elements.reserveCapacity(ranks.count)
    order.walk(from: backwards ? ranks.upperBound - 1 : ranks.lowerBound, backwards: backwards) {
      elements.append($0)
      return elements.count < ranks.count
    }
    return elements
  }

  /// Takes the lowest or the highest.
  func pop(highest: Bool) -> Element? {
    guard let element = highest ? order.popLast() : order.popFirst() else { return nil }
    scores[element.member] = nil
    cost -= element.member.count + SortedSetValue.memberCost
    return element
  }
}
