/// The number of an entry in a stream: milliseconds, and a count within them.
struct StreamID: Comparable, Hashable {
  var milliseconds: UInt64
  var sequence: UInt64

  static let least = StreamID(milliseconds: 0, sequence: 0)
  static let most = StreamID(milliseconds: .max, sequence: .max)

  static func < (left: StreamID, right: StreamID) -> Bool {
    left.milliseconds < right.milliseconds
      || (left.milliseconds == right.milliseconds && left.sequence < right.sequence)
  }

  /// Nil behind the last one there is.
  var next: StreamID? {
    if sequence < .max { return StreamID(milliseconds: milliseconds, sequence: sequence + 1) }
    return milliseconds < .max ? StreamID(milliseconds: milliseconds + 1, sequence: 0) : nil
  }

  var previous: StreamID? {
    if sequence > 0 { return StreamID(milliseconds: milliseconds, sequence: sequence - 1) }
    return milliseconds > 0 ? StreamID(milliseconds: milliseconds - 1, sequence: .max) : nil
  }

  var text: [UInt8] { Array("\(milliseconds)-\(sequence)".utf8) }
}

/// IDs as commands name them.
extension StreamID {
  static let invalid = Refusal.text("ERR Invalid stream ID specified as stream command argument")

  /// - Parameters:
  ///   - missing: the sequence where only milliseconds are given.
  ///   - isStrict: whether `-` and `+`, the first and the last, are refused.
  init(_ text: [UInt8], missing: UInt64, isStrict: Bool) throws {
    if !isStrict, text == [UInt8(ascii: "-")] {
      self = .least
    } else if !isStrict, text == [UInt8(ascii: "+")] {
      self = .most
    } else {
      guard text.count <= 127 else { throw StreamID.invalid }
      let dash = text.firstIndex(of: UInt8(ascii: "-"))
      guard let milliseconds = StreamID.number(text[..<(dash ?? text.count)]) else { throw StreamID.invalid }
      guard let dash else {
        self.init(milliseconds: milliseconds, sequence: missing)
        return
      }
      guard let sequence = StreamID.number(text[(dash + 1)...]) else { throw StreamID.invalid }
      self.init(milliseconds: milliseconds, sequence: sequence)
    }
  }

  /// An end of an interval; `(` leaves the ID itself out.
  static func bound(_ text: [UInt8], isStart: Bool) throws -> StreamID {
    let missing: UInt64 = isStart ? 0 : .max
    guard text.first == UInt8(ascii: "("), text.count > 1 else {
      return try StreamID(text, missing: missing, isStrict: false)
    }
    let id = try StreamID(Array(text[1...]), missing: missing, isStrict: true)
    guard let inner = isStart ? id.next : id.previous else {
      throw Refusal.text(
        isStart ? "ERR invalid start ID for the interval" : "ERR invalid end ID for the interval")
    }
    return inner
  }

  /// As C's `strtoull` reads it: blanks and a plus may stand in front.
  static func number(_ text: ArraySlice<UInt8>) -> UInt64? {
    var rest = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    if rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in rest {
      let digit = byte &- 0x30
      guard digit <= 9 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = product.addingReportingOverflow(UInt64(digit))
      if overflow || overflow2 { return nil }
      value = sum
    }
    return value
  }
}
