import Foundation
import SluiceRedisClient

/// How a server tells of times to live.
struct ServerTimes {
  /// It tells the moment (`PEXPIRETIME`, since 7.0), not only what is left.
  let areAbsolute: Bool
  /// Fields of a hash may have one.
  let ofFields: Bool
  /// By how much the server's clock is ahead of ours: whole seconds, and nothing below the tolerance. The proxy moves expiries by as much.
  let shift: Int64

  init(of client: StackClient, tolerance: Int64 = 1000) throws(Failure) {
    // No key that anybody has: the answer tells whether the command is there.
    let key = Array("\u{0}sluice-copy".utf8)
    let asked = ServerTimes.now()
    let replies = try client.all([
      [Array("TIME".utf8)],
      [Array("PEXPIRETIME".utf8), key],
      [Array("HPEXPIRETIME".utf8), key, Array("FIELDS".utf8), Array("1".utf8), Array("f".utf8)],
    ])
    let answered = ServerTimes.now()
    areAbsolute = !replies[1].isTrouble
    ofFields = !replies[2].isTrouble
    let offset = ServerTimes.moment(in: replies[0]).map { $0 - (asked + answered) / 2 } ?? 0
    shift =
      abs(offset) <= tolerance + (answered - asked) ? 0 : (offset + (offset < 0 ? -500 : 500)) / 1000 * 1000
  }

  /// Milliseconds since 1970 in the answer to `TIME`; nil for anything else, and for a time that no clock shows.
  private static func moment(in reply: Reply) -> Int64? {
    guard case .array(let parts) = reply, parts.count == 2,
      let seconds = parts[0].text.flatMap({ Int64($0) }),
      let micros = parts[1].text.flatMap({ Int64($0) }), (0..<1 << 40).contains(seconds),
      (0..<1_000_000).contains(micros)
    else { return nil }
    return seconds * 1000 + micros / 1000
  }

  /// A time of day by the server's clock, in ours; what is none (-1, -2) stays.
  func byOurClock(_ time: Int64) -> Int64 {
    guard time >= 0 else { return time }
    let (moved, isBeyond) = time.subtractingReportingOverflow(shift)
    return isBeyond ? time : max(0, moved)
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
    return answers.map { if case .integer(let time) = $0 { times.byOurClock(time) } else { -2 } }
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
