import SluiceRESP

/// RESP2 replies, appended to the output of the turn.
extension [UInt8] {
  mutating func replyOK() { append(text: "+OK\r\n") }
  mutating func replyNull() { append(text: "$-1\r\n") }
  mutating func replyNullArray() { append(text: "*-1\r\n") }

  mutating func reply(status: StaticString) {
    append(0x2B)
    append(text: status)
    append(text: "\r\n")
  }

  /// - Parameter error: the code word and the text, without the dash.
  mutating func reply(error: StaticString) {
    append(0x2D)
    append(text: error)
    append(text: "\r\n")
  }

  mutating func reply(integer: Int64) {
    append(0x3A)
    append(decimal: integer)
    append(text: "\r\n")
  }

  mutating func reply(bool: Bool) { append(text: bool ? ":1\r\n" : ":0\r\n") }

  mutating func reply(bulk: Span<UInt8>) {
    append(0x24)
    append(decimal: Int64(bulk.count))
    append(text: "\r\n")
    append(contentsOf: bulk)
    append(text: "\r\n")
  }

  mutating func reply(bulkText: StaticString) {
    append(0x24)
    append(decimal: Int64(bulkText.utf8CodeUnitCount))
    append(text: "\r\n")
    append(text: bulkText)
    append(text: "\r\n")
  }

  mutating func reply(bulkDecimal value: Int64) {
    var digits: [UInt8] = []
    digits.append(decimal: value)
    reply(bulk: digits.span)
  }

  mutating func reply(bulk: [UInt8]) { reply(bulk: bulk.span) }

  mutating func reply(double value: Double) { reply(bulk: FloatText.general(value)) }

  mutating func reply(bulks: [[UInt8]]) {
    reply(arrayOf: bulks.count)
    for bulk in bulks { reply(bulk: bulk.span) }
  }

  mutating func reply(_ refusal: Refusal, for name: StaticString) {
    switch refusal {
    case .text(let text): reply(error: text)
    case .line(let text):
      append(0x2D)
      // Words of the client's may be in it: no line ends.
      for byte in text.utf8 { append(byte == 0x0D || byte == 0x0A ? 0x20 : byte) }
      append(text: "\r\n")
    case .arity: reply(wrongArityFor: name)
    }
  }

  mutating func reply(arrayOf count: Int) {
    append(0x2A)
    append(decimal: Int64(count))
    append(text: "\r\n")
  }

  /// Someone else's bytes inside an error line: no line ends, at most 128 of them, as Redis does it.
  mutating func append(quoted bytes: Span<UInt8>) {
    for index in 0..<Swift.min(bytes.count, 128) {
      let byte = bytes[index]
      append(byte == 0x0D || byte == 0x0A ? 0x20 : byte)
    }
  }
}

/// The errors that several commands share; the texts are Redis 7.0's.
enum ReplyError {
  static let wrongType: StaticString = "WRONGTYPE Operation against a key holding the wrong kind of value"
  static let notAnInteger: StaticString = "ERR value is not an integer or out of range"
  static let notAFloat: StaticString = "ERR value is not a valid float"
  static let syntax: StaticString = "ERR syntax error"
  static let noSuchKey: StaticString = "ERR no such key"
  static let tooLong: StaticString = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
  static let outOfMemory: StaticString = "OOM command not allowed when used memory > 'maxmemory'."
}
