/// One reply, copied: it owns its bytes and outlives the connection.
public enum Reply: Equatable, Sendable {
  /// A bulk string; any bytes.
  case string([UInt8])
  /// A simple string such as `OK`.
  case status(String)
  /// An integer.
  case integer(Int64)
  /// A null bulk string or a null array.
  case null
  /// An array; elements may be arrays again. Of RESP3 a set is one too, and a map is one with twice the elements.
  case array([Reply])
  /// An error of the server, with its code word first: `WRONGTYPE Operation against…`.
  case error(String)

  /// The bytes of a bulk string or a status; `nil` for anything else.
  public var bytes: [UInt8]? {
    switch self {
    case .string(let bytes): bytes
    case .status(let text): Array(text.utf8)
    case .integer, .null, .array, .error: nil
    }
  }

  /// The text of a bulk string, a status or an error, with replacement characters for bytes that are not
  /// UTF-8; `nil` for anything else.
  public var text: String? {
    switch self {
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text), .error(let text): text
    case .integer, .null, .array: nil
    }
  }
}
