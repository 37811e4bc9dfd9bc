import Foundation
import SluiceRedisClient

/// How a server tells of times to live.
struct ServerTimes {
  /// It tells the moment (`PEXPIRETIME`, since 7.0), not only what is left.
  let areAbsolute: Bool
  /// Fields of a hash may have one.
  let ofFields: Bool

  init(of client: StackClient) throws(Failure) {
    // No key that anybody has: the answer tells whether the command is there.
    let key = Array("\u{0}sluice-copy".utf8)
    let replies = try client.all([
      [Array("PEXPIRETIME".utf8), key],
      [Array("HPEXPIRETIME".utf8), key, Array("FIELDS".utf8), Array("1".utf8), Array("f".utf8)],
    ])
    areAbsolute = !replies[0].isTrouble
    ofFields = !replies[1].isTrouble
  }

  /// Milliseconds since 1970, by this machine's clock.
  static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

/// Compares the times of hash fields, which no reply with the whole value tells.
enum FieldTimes {
  /// Fields that are asked for at a time.
  private static let atOnce = 1000

  /// The hashes of which some field expires on one server and not, or at another time, on the other.
  static func differing(
    _ keys: [[UInt8]], _ legacy: StackClient, _ new: StackClient,
    _ times: (legacy: ServerTimes, new: ServerTimes),
    _ tolerance: Int64
  ) throws(Failure) -> Set<[UInt8]> {
    guard times.legacy.ofFields || times.new.ofFields, !keys.isEmpty else { return [] }
    var different: Set<[UInt8]> = []
    // Those of either server: what has expired on one counts for none.
    let reader = times.legacy.ofFields ? legacy : new
    for key in keys {
      var cursor = Array("0".utf8)
      repeat {
        let page = try reader.all([
          ValueReader.command("HSCAN", key: key, [text(cursor), "COUNT", "\(atOnce)"])
        ])
        guard case .array(let parts)? = page.first, parts.count == 2, let next = parts[0].bytes,
          case .array(let found) = parts[1]
        else { break }
        cursor = next
        let fields = stride(from: 0, to: found.count - 1, by: 2).compactMap { found[$0].bytes }
        guard !fields.isEmpty else { continue }
        let one = try ask(key, fields, legacy, times.legacy)
        let other = try ask(key, fields, new, times.new)
        if !areEqual(one, other, tolerance) { different.insert(key) }
      } while cursor != Array("0".utf8) && !different.contains(key)
    }
    return different
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func ask(
    _ key: [UInt8], _ fields: [[UInt8]], _ client: StackClient, _ times: ServerTimes
  ) throws(Failure) -> [Int64] {
    guard times.ofFields else { return fields.map { _ in -1 } }
    let question = ValueReader.command("HPEXPIRETIME", key: key, ["FIELDS", "\(fields.count)"]) + fields
    guard case .array(let answers)? = try client.all([question]).first else { return fields.map { _ in -2 } }
    return answers.map { if case .integer(let time) = $0 { time } else { -2 } }
  }

  private static func areEqual(_ one: [Int64], _ other: [Int64], _ tolerance: Int64) -> Bool {
    let now = ServerTimes.now()
    return one.count == other.count
      && zip(one, other).allSatisfy { left, right in
        if left < 0 || right < 0 {
          // Gone on one, about to go on the other.
          return left == right
            || max(left, right) > 0 && min(left, right) == -2 && max(left, right) - now <= tolerance
        }
        return abs(left - right) <= tolerance
      }
  }
}

extension Reply {
  fileprivate var isTrouble: Bool { if case .error = self { true } else { false } }
}
