import CSluiceHiredis

/// One RESP2 reply, copied out of hiredis: it owns its bytes and outlives the connection.
public enum Reply: Equatable, Sendable {
  /// A bulk string; any bytes.
  case string([UInt8])
  /// A simple string such as `OK`.
  case status(String)
  /// An integer.
  case integer(Int64)
  /// A null bulk string or a null array.
  case null
  /// An array; elements may be arrays again, at most seven deep (a limit of hiredis 0.14).
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

extension Reply {
  /// Copies a whole reply tree. The recursion is as deep as the reply, and hiredis refuses more than seven.
  init(copying reply: UnsafePointer<redisReply>) {
    switch reply.pointee.type {
    case REDIS_REPLY_STRING:
      self = .string(Array(Self.bytes(of: reply)))
    case REDIS_REPLY_STATUS:
      self = .status(String(decoding: Self.bytes(of: reply), as: UTF8.self))
    case REDIS_REPLY_ERROR:
      self = .error(String(decoding: Self.bytes(of: reply), as: UTF8.self))
    case REDIS_REPLY_INTEGER:
      self = .integer(reply.pointee.integer)
    case REDIS_REPLY_ARRAY:
      let elements = UnsafeBufferPointer(start: reply.pointee.element, count: reply.pointee.elements)
      self = .array(elements.map { element in element.map { Reply(copying: $0) } ?? .null })
    default:
      self = .null
    }
  }

  /// The bytes that hiredis holds for a string, status or error; valid until the reply is freed.
  static func bytes(of reply: UnsafePointer<redisReply>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.str == nil ? 0 : reply.pointee.len)
  }
}
