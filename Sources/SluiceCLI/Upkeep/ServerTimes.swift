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

extension Reply {
  fileprivate var isTrouble: Bool { if case .error = self { true } else { false } }
}
