/// Bytes that are not RESP, or more of them than a limit allows.
///
/// The texts are those of Redis 7.0 (`networking.c`), so that a client sees what it would see from Redis.
public struct ProtocolError: Error, Equatable, Sendable {
  /// What was wrong; a closed list.
  public enum Code: Equatable, Sendable {
    case invalidMultibulkLength
    case expectedBulk(got: UInt8)
    case invalidBulkLength
    case unauthenticatedMultibulkLength
    case unauthenticatedBulkLength
    case tooBigInlineRequest
    case tooBigMultibulkCount
    case tooBigBulkCount
    case unbalancedQuotes
    case tooBigFrame
    case tooDeep
    case unknownReplyType(UInt8)
    case unexpectedRESP3(UInt8)
    case invalidReplyLength
    case invalidReplyTerminator
  }

  public let code: Code
  /// Distance from the first byte of the frame to the byte that made it invalid.
  public let offset: Int

  public init(_ code: Code, at offset: Int) {
    self.code = code
    self.offset = offset
  }

  /// What follows `Protocol error: ` in Redis' answer.
  public var message: String {
    switch code {
    case .invalidMultibulkLength: "invalid multibulk length"
    case .expectedBulk(let got): "expected '$', got '\(ProtocolError.printable(got))'"
    case .invalidBulkLength: "invalid bulk length"
    case .unauthenticatedMultibulkLength: "unauthenticated multibulk length"
    case .unauthenticatedBulkLength: "unauthenticated bulk length"
    case .tooBigInlineRequest: "too big inline request"
    case .tooBigMultibulkCount: "too big mbulk count string"
    case .tooBigBulkCount: "too big bulk count string"
    case .unbalancedQuotes: "unbalanced quotes in request"
    case .tooBigFrame: "too big request"
    case .tooDeep: "reply nested too deeply"
    case .unknownReplyType(let got): "unknown reply type '\(ProtocolError.printable(got))'"
    case .unexpectedRESP3(let got):
      "type '\(ProtocolError.printable(got))' of RESP3, which nobody asked it to speak"
    case .invalidReplyLength: "invalid reply length"
    case .invalidReplyTerminator: "reply without CRLF where one must be"
    }
  }

  /// The error reply for the client, CRLF included.
  public var reply: String { "-ERR Protocol error: \(message)\r\n" }

  /// Redis answers the raw byte; a control character in an error line would break the line, so it becomes `?`.
  private static func printable(_ byte: UInt8) -> Character {
    byte >= 0x20 && byte < 0x7f ? Character(UnicodeScalar(byte)) : "?"
  }
}
