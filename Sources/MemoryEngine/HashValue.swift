/// A hash. While it is small it keeps the order in which its fields came, as Redis' listpack does, and is
/// searched from its start; a large one has an index and no order, and stays one.
final class HashValue: Collection {
  /// What a field costs beyond its bytes and its value's: two arrays' headers, two references, its share of
  /// the index, the allocator's rounding.
  static let fieldCost = 128
  /// Redis' `hash-max-listpack-entries` and `hash-max-listpack-value`.
  private static let mostPacked = 512
  private static let longestPacked = 64

  private var packed: [[UInt8]] = []
  private var table: KeyTable?
  private(set) var values: [[UInt8]] = []

  var fields: [[UInt8]] { table?.keys ?? packed }
  var count: Int { values.count }
  var isPacked: Bool { table == nil }

  override var kind: Kind { .hash }
  override var encoding: StaticString { isPacked ? "listpack" : "hashtable" }
  override var isEmpty: Bool { values.isEmpty }

  override func copied() -> Collection {
    let copy = HashValue()
    copy.packed = packed
    copy.table = table
    copy.values = values
    copy.cost = cost
    return copy
  }

  func place(of field: [UInt8]) -> Int? {
    if let table { return table.place(of: field) }
    return packed.firstIndex(of: field)
  }

  subscript(field: [UInt8]) -> [UInt8]? { place(of: field).map { values[$0] } }

  /// Whether the field is new.
  @discardableResult
  func set(_ field: [UInt8], _ value: [UInt8]) -> Bool {
    prepare(for: field)
    prepare(for: value)
    if let place = place(of: field) {
      cost += value.count - values[place].count
      values[place] = value
      return false
    }
    cost += field.count + value.count + HashValue.fieldCost
    if table == nil { packed.append(field) } else { table?.append(field) }
    values.append(value)
    if isPacked, count > HashValue.mostPacked { unpack() }
    return true
  }

  func remove(_ field: [UInt8]) -> Bool {
    guard let place = place(of: field) else { return false }
    cost -= field.count + values[place].count + HashValue.fieldCost
    if table == nil {
      packed.remove(at: place)
      values.remove(at: place)
    } else {
      table?.remove(at: place)
      let last = values.removeLast()
      if place < values.count { values[place] = last }
    }
    return true
  }

  /// Redis turns a hash into a table when it only sees a word that is too long for a listpack.
  func prepare(for word: [UInt8]) { if isPacked, word.count > HashValue.longestPacked { unpack() } }

  private func unpack() {
    var fresh = KeyTable()
    for field in packed { fresh.append(field) }
    table = fresh
    packed = []
  }
}
