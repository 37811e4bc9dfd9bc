/// Whether two servers' replies to one command say the same. Equal bytes do; the exceptions are what Redis
/// leaves open: the order of tables, random choices, and times within what two clocks may differ.
enum ReplyAgreement {
  static func agree(_ command: [String], _ wanted: [UInt8], _ got: [UInt8]) -> Bool {
    if wanted == got { return true }
    switch command[0].uppercased() {
    case "KEYS", "SCAN", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SSCAN", "HSCAN", "ZSCAN", "HGETALL",
      "HKEYS",
      "HVALS", "SPOP", "GEORADIUS", "GEORADIUSBYMEMBER", "GEORADIUS_RO", "GEORADIUSBYMEMBER_RO", "GEOSEARCH":
      // `ANY` leaves open which.
      if command.contains("ANY") { return lines(wanted).count == lines(got).count }
      return lines(wanted).sorted() == lines(got).sorted()
    case "HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER":
      return wanted.first == got.first && wanted.first != UInt8(ascii: "-")
        && lines(wanted).count == lines(got).count
        && (command.count == 2 || lines(wanted)[0] == lines(got)[0])
    // Without `STORE` Redis compares words up to a zero byte.
    case "SORT", "SORT_RO":
      // Redis 7.0.15 does not clear `errno` before `strtod`: a number out of range that an earlier command met
      // makes it refuse what are numbers.
      if text(wanted).hasPrefix("-ERR One or more scores can't be converted") { return true }
      return text(wanted).contains("\0") && lines(wanted).sorted() == lines(got).sorted()
    // Idle times.
    case "XINFO", "XPENDING":
      let pairs = zip(lines(wanted), lines(got))
      return lines(wanted).count == lines(got).count
        && pairs.allSatisfy {
          $0 == $1 || near(Array("\($0)\r\n".utf8), Array("\($1)\r\n".utf8), within: 2000)
        }
    case "TTL", "EXPIRETIME": return near(wanted, got, within: 1)
    case "PTTL", "PEXPIRETIME": return near(wanted, got, within: 2000)
    // The same relative time twice: whether the second is greater, each server's clock says.
    case "EXPIRE", "PEXPIRE":
      return command.contains { $0.uppercased() == "GT" || $0.uppercased() == "LT" }
        && Set([text(wanted), text(got)]) == [":0\r\n", ":1\r\n"]
    default:
      // The sign of a zero depends on how a sorted set that others are made of is packed (docs/memory.md).
      return command[0].uppercased().hasPrefix("Z") && unsigned(wanted) == unsigned(got)
    }
  }

  private static func unsigned(_ bytes: [UInt8]) -> String {
    text(bytes).replacing("$2\r\n-0\r\n", with: "$1\r\n0\r\n")
  }

  private static func lines(_ bytes: [UInt8]) -> [Substring] {
    text(bytes).split(separator: "\r\n", omittingEmptySubsequences: false)
  }

  private static func near(_ wanted: [UInt8], _ got: [UInt8], within limit: Int) -> Bool {
    guard let left = Int(text(wanted).dropFirst().dropLast()),
      let right = Int(text(got).dropFirst().dropLast()),
      left >= 0, right >= 0
    else { return false }
    return abs(left - right) <= limit
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
