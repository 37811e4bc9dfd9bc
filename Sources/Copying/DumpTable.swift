import SluiceRESP

/// Which dumps of one server another one takes: as they are, or with its own stamp on them.
public enum DumpTable {
  struct Row: Sendable {
    let from: UInt16
    let to: UInt16
    let types: [UInt8]
  }

  /// How a dump goes over.
  public enum Way: Equatable, Sendable {
    case asIs
    /// With this version and a new checksum.
    case restamped(UInt16)
    case no
  }

  /// - Parameter target: the newest version that the other server takes; nil where nobody knows, and its own word must do.
  public static func way(ofType type: UInt8, from source: UInt16, to target: UInt16?) -> Way {
    guard let target else { return .asIs }
    if takes(source, by: target) { return .asIs }
    let row = rows.first { $0.from == source && $0.to == target }
    return row?.types.contains(type) == true ? .restamped(target) : .no
  }

  /// Whether some dump goes over at all, so that it is worth asking for one.
  public static func takesAny(from source: UInt16?, to target: UInt16?) -> Bool {
    guard let source, let target else { return true }
    return takes(source, by: target) || rows.contains { $0.from == source && $0.to == target }
  }

  /// A server takes its own version and older ones. Redis and Valkey have 11 in common (Redis 7.2); what came later is the same number
  /// for different things, and each refuses the other's.
  private static func takes(_ source: UInt16, by target: UInt16) -> Bool {
    source <= target && (source <= lastInCommon || (source < firstOfValkey) == (target < firstOfValkey))
  }

  private static let lastInCommon: UInt16 = 11
  private static let firstOfValkey: UInt16 = 80

  /// Appends a dump with another version on it; false, and nothing is appended, if it is damaged.
  public static func append(
    _ dump: Span<UInt8>, restamped version: UInt16, to other: inout [UInt8]
  ) -> Bool {
    DumpedString.append(dump, restamped: version, to: &other)
  }

  /// A dump with another version on it; nil if it is damaged, for then a new checksum would make it look sound.
  public static func restamped(_ dump: [UInt8], to version: UInt16) -> [UInt8]? {
    guard let count = try? DumpedString.contentCount(of: dump.span, newest: .max) else { return nil }
    var payload = Array(dump[..<count])
    DumpedString.seal(&payload, version: version)
    return payload
  }
}
