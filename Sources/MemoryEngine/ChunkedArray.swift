/// A sequence in chunks of at most 256 elements: what is inserted or removed moves the rest of its chunk
/// alone, at both ends and in the middle. A place by number is found by adding up chunks, a place by order by
/// halving.
struct ChunkedArray<Element> {
  private static var largest: Int { 256 }

  /// None of them is empty.
  private var chunks: [[Element]] = []
  private(set) var count = 0

  /// Where an element stands, or could be inserted.
  struct Position {
    var chunk: Int
    var offset: Int
  }

  var isEmpty: Bool { count == 0 }
  var first: Element? { chunks.first?.first }
  var last: Element? { chunks.last?.last }

  /// The place of the element with a number, from 0 to `count`, which is the end.
  func position(_ number: Int) -> Position {
    if number > count / 2 {
      var left = count - number
      var chunk = chunks.count
      while chunk > 0 {
        chunk -= 1
        if left <= chunks[chunk].count { return Position(chunk: chunk, offset: chunks[chunk].count - left) }
        left -= chunks[chunk].count
      }
    }
    var left = number
    for chunk in chunks.indices {
      if left < chunks[chunk].count { return Position(chunk: chunk, offset: left) }
      left -= chunks[chunk].count
    }
    return Position(chunk: chunks.count, offset: 0)
  }

  /// How many elements stand before a place.
  func number(_ position: Position) -> Int {
    var number = position.offset
    for chunk in 0..<min(position.chunk, chunks.count) { number += chunks[chunk].count }
    return number
  }

  /// The number is below `count`.
  subscript(number: Int) -> Element {
    var place = position(number)
    if place.offset == chunks[place.chunk].count { place = Position(chunk: place.chunk + 1, offset: 0) }
    return chunks[place.chunk][place.offset]
  }

  /// The element at a place, nil at the end.
  func element(_ position: Position) -> Element? {
    guard position.chunk < chunks.count else { return nil }
    let chunk = chunks[position.chunk]
    if position.offset < chunk.count { return chunk[position.offset] }
    return position.chunk + 1 < chunks.count ? chunks[position.chunk + 1][0] : nil
  }

  /// The place behind all elements for which `isBefore` holds; they stand in front of the others.
  func partition(_ isBefore: (Element) -> Bool) -> Position {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if let last = chunks[middle].last, isBefore(last) { low = middle + 1 } else { high = middle }
    }
    guard low < chunks.count else { return Position(chunk: chunks.count, offset: 0) }
    var start = 0
    var end = chunks[low].count
    while start < end {
      let middle = (start + end) / 2
      if isBefore(chunks[low][middle]) { start = middle + 1 } else { end = middle }
    }
    return Position(chunk: low, offset: start)
  }

  mutating func append(_ element: Element) { insert(element, at: Position(chunk: chunks.count, offset: 0)) }
  mutating func prepend(_ element: Element) { insert(element, at: Position(chunk: 0, offset: 0)) }

  mutating func insert(_ element: Element, at position: Position) {
    count += 1
    var place = position
    if place.offset == 0, place.chunk > 0 {
      place = Position(chunk: place.chunk - 1, offset: chunks[place.chunk - 1].count)
    }
    guard place.chunk < chunks.count else {
      chunks.append([element])
      return
    }
    if chunks[place.chunk].count < Self.largest {
      chunks[place.chunk].insert(element, at: place.offset)
    } else if place.offset == chunks[place.chunk].count {
      chunks.insert([element], at: place.chunk + 1)
    } else if place.offset == 0 {
      chunks.insert([element], at: place.chunk)
    } else {
      let half = Self.largest / 2
      chunks.insert(Array(chunks[place.chunk][half...]), at: place.chunk + 1)
      chunks[place.chunk].removeSubrange(half...)
      if place.offset <= half {
        chunks[place.chunk].insert(element, at: place.offset)
      } else {
        chunks[place.chunk + 1].insert(element, at: place.offset - half)
      }
    }
  }

  /// Nil where nothing stands.
  @discardableResult
  mutating func remove(at position: Position) -> Element? {
    var place = position
    if place.chunk < chunks.count, place.offset >= chunks[place.chunk].count {
      place = Position(chunk: place.chunk + 1, offset: 0)
    }
    guard place.chunk < chunks.count else { return nil }
    count -= 1
    let element = chunks[place.chunk].remove(at: place.offset)
    let left = chunks[place.chunk].count
    if left == 0 {
      chunks.remove(at: place.chunk)
    } else if left < Self.largest / 4, place.chunk + 1 < chunks.count,
      left + chunks[place.chunk + 1].count <= Self.largest / 2
    {
      chunks[place.chunk].append(contentsOf: chunks[place.chunk + 1])
      chunks.remove(at: place.chunk + 1)
    }
    return element
  }

  mutating func popFirst() -> Element? { remove(at: Position(chunk: 0, offset: 0)) }

  mutating func popLast() -> Element? {
    guard let last = chunks.last else { return nil }
    return remove(at: Position(chunk: chunks.count - 1, offset: last.count - 1))
  }

  mutating func replace(at number: Int, with element: Element) {
    var place = position(number)
    if place.offset == chunks[place.chunk].count { place = Position(chunk: place.chunk + 1, offset: 0) }
    chunks[place.chunk][place.offset] = element
  }

  /// Removes the elements with these numbers, which exist.
  mutating func remove(_ numbers: Range<Int>) {
    guard !numbers.isEmpty else { return }
    var kept: [[Element]] = []
    var start = 0
    for chunk in chunks {
      let range = start..<start + chunk.count
      start += chunk.count
      let hit = range.clamped(to: numbers)
      if hit.isEmpty {
        kept.append(chunk)
      } else if hit.count < chunk.count {
        var rest = chunk
        rest.removeSubrange(hit.lowerBound - range.lowerBound..<hit.upperBound - range.lowerBound)
        kept.append(rest)
      }
    }
    chunks = kept
    count -= numbers.count
  }

  /// Calls `body` with the elements from a number on, in order or against it, until it says false.
  func walk(from number: Int, backwards: Bool = false, _ body: (Element) throws -> Bool) rethrows {
    guard number >= 0, number < count else { return }
    var place = position(number)
    if place.chunk < chunks.count, place.offset == chunks[place.chunk].count {
      place = Position(chunk: place.chunk + 1, offset: 0)
    }
    while true {
      guard try body(chunks[place.chunk][place.offset]) else { return }
      if backwards {
        if place.offset > 0 {
          place.offset -= 1
        } else {
          guard place.chunk > 0 else { return }
          place = Position(chunk: place.chunk - 1, offset: chunks[place.chunk - 1].count - 1)
        }
      } else {
        place.offset += 1
        if place.offset == chunks[place.chunk].count {
          place = Position(chunk: place.chunk + 1, offset: 0)
          guard place.chunk < chunks.count else { return }
        }
      }
    }
  }

  func walk(_ body: (Element) throws -> Void) rethrows {
    for chunk in chunks { for element in chunk { try body(element) } }
  }
}
