/// Distinct byte strings in a dense array, with an index over them. What is removed leaves its place to the
/// last one, so a walk from the end to the start meets each that is there all the while, whatever comes and
/// goes.
struct KeyTable {
  private(set) var keys: [[UInt8]] = []
  private var places: [[UInt8]: Int] = [:]

  var count: Int { keys.count }

  func place(of key: [UInt8]) -> Int? { places[key] }

  /// Adds a key that is not there.
  mutating func append(_ key: [UInt8]) {
    places[key] = keys.count
    keys.append(key)
  }

  /// The caller does the same with what it keeps beside: the last goes to the place that is free.
  mutating func remove(at place: Int) {
    places[keys[place]] = nil
    let last = keys.removeLast()
    if place < keys.count {
      keys[place] = last
      places[last] = place
    }
  }
}
