/// A set: of integers in their order while it is small and has nothing else, as Redis' intset; else a table.
final class SetValue: Collection {
  /// What a member costs beyond its bytes: its array's header, its places in the table and its index.
  static let memberCost = 80
  private static let integerCost = 8
  /// Redis' `set-max-intset-entries`.
  private static let mostIntegers = 512

  private var integers: [Int64] = []
  private var table: KeyTable?

  override var kind: Kind { .set }
  override var encoding: StaticString { isOfIntegers ? "intset" : "hashtable" }
  override var isEmpty: Bool { count == 0 }
  var isOfIntegers: Bool { table == nil }
  var count: Int { table?.count ?? integers.count }

  override func copied() -> Collection {
    let copy = SetValue()
    copy.integers = integers
    copy.table = table
    copy.cost = cost
    return copy
  }

  /// The member with a number below `count`.
  func member(_ number: Int) -> [UInt8] {
    if let table { return table.keys[number] }
    var text: [UInt8] = []
    text.append(decimal: integers[number])
    return text
  }

  /// All of them, in the order that a client sees.
  var members: [[UInt8]] { table?.keys ?? integers.indices.map { member($0) } }

  func contains(_ member: [UInt8]) -> Bool {
    if let table { return table.place(of: member) != nil }
    guard let value = IntegerText.parse(member.span) else { return false }
    let place = place(of: value)
    return place < integers.count && integers[place] == value
  }

  @discardableResult
  func insert(_ member: [UInt8]) -> Bool {
    if isOfIntegers {
      if let value = IntegerText.parse(member.span) { return insert(value) }
      unpack()
    }
    guard table?.place(of: member) == nil else { return false }
    table?.append(member)
    cost += member.count + SetValue.memberCost
    return true
  }

  private func insert(_ value: Int64) -> Bool {
    let place = place(of: value)
    if place < integers.count, integers[place] == value { return false }
    integers.insert(value, at: place)
    cost += SetValue.integerCost
    if integers.count > SetValue.mostIntegers { unpack() }
    return true
  }

  func remove(_ member: [UInt8]) -> Bool {
    if isOfIntegers {
      guard let value = IntegerText.parse(member.span) else { return false }
      let place = place(of: value)
      guard place < integers.count, integers[place] == value else { return false }
      integers.remove(at: place)
      cost -= SetValue.integerCost
      return true
    }
    guard let place = table?.place(of: member) else { return false }
    table?.remove(at: place)
    cost -= member.count + SetValue.memberCost
    return true
  }

  private func place(of value: Int64) -> Int {
    var low = 0
    var high = integers.count
    while low < high {
      let middle = (low + high) / 2
      if integers[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func unpack() {
    var fresh = KeyTable()
    cost = 0
    for member in members {
      fresh.append(member)
      cost += member.count + SetValue.memberCost
    }
    table = fresh
    integers = []
  }
}
