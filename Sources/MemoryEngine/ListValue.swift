/// A list.
final class ListValue: Collection {
  /// What an element costs beyond its bytes: the header of its array, its share of a chunk, the allocator's
  /// rounding.
  static let elementCost = 48

  private(set) var elements = ChunkedArray<[UInt8]>()

  override var kind: Kind { .list }
  override var encoding: StaticString { "quicklist" }
  override var isEmpty: Bool { elements.isEmpty }
  var count: Int { elements.count }

  override func copied() -> Collection {
    let copy = ListValue()
    copy.elements = elements
    copy.cost = cost
    return copy
  }

  func push(_ element: [UInt8], atHead: Bool) {
    cost += element.count + ListValue.elementCost
    if atHead { elements.prepend(element) } else { elements.append(element) }
  }

  func pop(atHead: Bool) -> [UInt8]? {
    guard let element = atHead ? elements.popFirst() : elements.popLast() else { return nil }
    cost -= element.count + ListValue.elementCost
    return element
  }

  /// The number of an element that a client counts from either end; nil if it is not there.
  func number(_ index: Int64) -> Int? {
    let number = index < 0 ? index + Int64(count) : index
    return number >= 0 && number < Int64(count) ? Int(number) : nil
  }

  func replace(_ number: Int, with element: [UInt8]) {
    cost += element.count - elements[number].count
    elements.replace(at: number, with: element)
  }

  func insert(_ element: [UInt8], at number: Int) {
    cost += element.count + ListValue.elementCost
    elements.insert(element, at: elements.position(number))
  }

  func remove(_ numbers: Range<Int>) {
    guard !numbers.isEmpty else { return }
    var left = numbers.count
    elements.walk(from: numbers.lowerBound) {
      cost -= $0.count + ListValue.elementCost
      left -= 1
      return left > 0
    }
    elements.remove(numbers)
  }

  /// Removes up to `limit` elements that equal `element`, from one end on; in one pass.
  func removeAll(_ element: [UInt8], limit: Int, fromTail: Bool) -> Int {
    var kept = ChunkedArray<[UInt8]>()
    var removed = 0
    elements.walk(from: fromTail ? count - 1 : 0, backwards: fromTail) {
      if removed < limit, $0 == element {
        removed += 1
      } else if fromTail {
        kept.prepend($0)
      } else {
        kept.append($0)
      }
      return true
    }
    if removed > 0 { elements = kept }
    cost -= removed * (element.count + ListValue.elementCost)
    return removed
  }
}
