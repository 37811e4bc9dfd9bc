/// When copies that a stack has refused are tried again: each time after twice as long.
///
/// A stack that speaks of itself (`READONLY`, `OOM`, `MISCONF`) would refuse any of them. It rests as a whole, and behind each rest one
/// copy shows whether it takes them again; the other stack is not read for nothing meanwhile. Any other refusal is about one key, say
/// of a format that this server does not know, and only that key waits.
struct RepairPauses {
  private var rests = 0
  private var restsUntil: UInt64 = 0
  /// Whether the copy behind a rest is on its way.
  private var isTrying = false
  /// Only keys that are suspects, or on their way to be none.
  private var keys: [[UInt8]: (times: Int, until: UInt64)] = [:]

  /// How many copies may begin. Times are nanoseconds of the lane's clock.
  func room(at now: UInt64) -> Int {
    if rests == 0 { return .max }
    return now < restsUntil ? 0 : 1
  }

  func isDue(_ key: [UInt8], at now: UInt64) -> Bool {
    keys.isEmpty || keys[key].map { now >= $0.until } ?? true
  }

  /// A copy begins. Where it is the one behind a rest, the next one waits as long again, whatever comes of it.
  mutating func begins(at now: UInt64) {
    guard rests > 0 else { return }
    isTrying = true
    restsUntil = now &+ RepairPauses.rest(rests)
  }

  /// - Parameter speaksOfItself: the stack would say so to any other copy.
  /// - Returns: how often the key was refused so far.
  @discardableResult
  mutating func wasRefused(_ key: [UInt8], speaksOfItself: Bool, at now: UInt64) -> Int {
    let known = keys[key]
    // Clients that ask for it meanwhile do not make it wait longer.
    if let known, now < known.until { return known.times }
    let times = min((known?.times ?? 0) + 1, 16)
    guard speaksOfItself else {
      keys[key] = (times, now &+ RepairPauses.wait(times))
      return times
    }
    keys[key] = (times, 0)
    // Those that were on their way together are refused together: that is one refusal.
    if rests == 0 || isTrying || now >= restsUntil {
      isTrying = false
      rests = min(rests + 1, 16)
      restsUntil = now &+ RepairPauses.rest(rests)
    }
    return times
  }

  /// A copy has arrived: the stack takes them.
  mutating func arrived(_ key: [UInt8]) {
    rests = 0
    isTrying = false
    forget(key)
  }

  /// The key is no suspect any more.
  mutating func forget(_ key: [UInt8]) { if !keys.isEmpty { keys[key] = nil } }

  mutating func forgetAll() { keys = [:] }

  /// A quarter of a second, up to five seconds: whoever mends the stack need not wait long.
  private static func rest(_ times: Int) -> UInt64 { min(125_000_000 << UInt64(times), 5_000_000_000) }
  /// A second, up to about four minutes.
  private static func wait(_ times: Int) -> UInt64 { 500_000_000 << UInt64(min(times, 9)) }
}
