import SluiceFlags
import SluiceServers

/// How both servers stand with their memory, and what was evicted since the routing came into force.
public struct MemoryOutlook: Sendable, Equatable {
  public var legacy: MemoryReading
  public var new: MemoryReading
  /// Keys since the routing came into force, or since this process began.
  public var legacyEvicted = 0
  public var newEvicted = 0

  public init(legacy: MemoryReading, new: MemoryReading, legacyEvicted: Int = 0, newEvicted: Int = 0) {
    (self.legacy, self.new) = (legacy, new)
    (self.legacyEvicted, self.newEvicted) = (legacyEvicted, newEvicted)
  }

  /// What new will use when it answers for `reach` of the keys, in bytes: it fills up to what legacy holds as more of the keys are asked of it.
  ///
  /// - Parameters: in hundredths of a percent.
  func projected(from before: Int, to reach: Int) -> Int {
    // Above its own limit legacy does not go either.
    let full = legacy.maximum > 0 ? min(legacy.used, legacy.maximum) : legacy.used
    guard full > new.used, before < 10_000 else { return new.used }
    let share = Double(max(0, reach - before)) / Double(10_000 - before)
    // What a server says is any number: below 2^52 each is a Double, too.
    return new.used + Int(Double(min(full - new.used, 1 << 52)) * min(1, share))
  }
}

extension Evidence {
  /// Whether new has room for the step; nil where it has no limit, or where nobody tells.
  func memory(_ outlook: MemoryOutlook?, from old: FlagDefinition, to new: FlagDefinition) -> Gate? {
    guard let outlook, outlook.new.maximum > 0 else { return nil }
    let limit = outlook.new.maximum
    let projected = outlook.projected(from: old.reach, to: new.reach)
    var words = "new uses \(MemoryReading.text(outlook.new.used)), \(MemoryReading.text(projected)) expected"
    if outlook.newEvicted > 0 { words += ", \(outlook.newEvicted) keys evicted" }
    // A cache that evicts where legacy does, too, does what it always did.
    let loses = outlook.newEvicted > 0 && outlook.legacyEvicted == 0
    let isMet = projected <= limit && !loses
    return Gate(
      "memory", now: words,
      needed: "at most \(MemoryReading.text(limit)) (maxmemory)\(loses ? ", 0 evicted" : "")",
      missing: isMet ? "" : "a larger maxmemory on new, or fewer keys", isAgainst: !isMet)
  }
}
