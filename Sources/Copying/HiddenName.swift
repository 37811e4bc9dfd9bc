/// The name of a copy that is not whole yet: in the slot, the lane and the cohort of its key, and told from the names of clients.
public enum HiddenName {
  private static let mark = Array("\u{0}sluice-copy".utf8)

  public static func of(_ key: [UInt8]) -> [UInt8] {
    if hasTag(key) || key.contains(UInt8(ascii: "}")) { return key + mark }
    return [UInt8(ascii: "{")] + key + [UInt8(ascii: "}")] + mark
  }

  public static func isOne(_ name: some BidirectionalCollection<UInt8>) -> Bool {
    name.count > mark.count && name.suffix(mark.count).elementsEqual(mark)
  }

  /// Whether some bytes have such a name in them: a quick look before a long reply is taken apart.
  public static func mayBe(in reply: Span<UInt8>) -> Bool {
    guard reply.count >= mark.count else { return false }
    for index in 0...(reply.count - mark.count) where reply[index] == 0 {
      var length = 1
      while length < mark.count, reply[index + length] == mark[length] { length += 1 }
      if length == mark.count { return true }
    }
    return false
  }

  /// By the rule of Redis Cluster: something between the first brace and the next closing one.
  private static func hasTag(_ key: [UInt8]) -> Bool {
    guard let open = key.firstIndex(of: UInt8(ascii: "{")),
      let close = key[open...].firstIndex(of: UInt8(ascii: "}"))
    else { return false }
    return close > open + 1
  }
}
