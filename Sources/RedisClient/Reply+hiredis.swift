import CSluiceHiredis

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
