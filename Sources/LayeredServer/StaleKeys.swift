/// Keys whose copies at the endpoint are not what clients were told: written while the memory answered, or in flight when
/// the endpoint was lost. Nothing is answered from the endpoint before they are deleted there.
struct StaleKeys {
  /// More than that is everything.
  static let mostKeys = 1_000_000
  static let mostBytes = 256 << 20

  private(set) var isEverything = false
  private var keys: Set<[UInt8]> = []
  private var bytes = 0

  /// Nil is everything.
  var count: Int? { isEverything ? nil : keys.count }
  var isEmpty: Bool { !isEverything && keys.isEmpty }

  mutating func insert(_ mark: WriteMark) {
    if mark.isEverything { return insertEverything() }
    for key in mark.keys { insert(key) }
  }

  mutating func insert(_ key: [UInt8]) {
    guard !isEverything, keys.insert(key).inserted else { return }
    bytes += key.count + 64
    if keys.count > StaleKeys.mostKeys || bytes > StaleKeys.mostBytes { insertEverything() }
  }

  mutating func insertEverything() {
    isEverything = true
    keys = []
    bytes = 0
  }

  /// The endpoint is about to be emptied: what becomes stale from here on is new.
  mutating func takeEverything() {
    isEverything = false
    keys = []
    bytes = 0
  }

  /// Takes up to `count` keys out.
  mutating func take(_ count: Int) -> [[UInt8]] {
    var taken: [[UInt8]] = []
    while taken.count < count, let key = keys.popFirst() {
      bytes -= key.count + 64
      taken.append(key)
    }
    return taken
  }
}
