import CSluiceHiredis
import Glibc

/// A reply where hiredis holds it, for whoever only looks at it: valid inside the closure that it is handed to, and not beyond.
public struct ReplyView {
  private let reply: UnsafePointer<redisReply>

  init(_ reply: UnsafeMutablePointer<redisReply>) { self.reply = UnsafePointer(reply) }

  /// Nil for what is no integer.
  public var integer: Int64? {
    reply.pointee.type == REDIS_REPLY_INTEGER ? reply.pointee.integer : nil
  }

  public var isError: Bool { reply.pointee.type == REDIS_REPLY_ERROR }

  /// The length of a bulk string; nil for anything else.
  public var length: Int? { reply.pointee.type == REDIS_REPLY_STRING ? reply.pointee.len : nil }

  /// The bytes of a string, a status or an error.
  public var bytes: UnsafeRawBufferPointer { Reply.bytes(of: reply) }

  /// How many elements an array has; nil for anything else.
  public var count: Int? { reply.pointee.type == REDIS_REPLY_ARRAY ? reply.pointee.elements : nil }

  /// An element of an array; nil where there is none.
  public subscript(index: Int) -> ReplyView? {
    guard let count, (0..<count).contains(index), let element = reply.pointee.element[index] else {
      return nil
    }
    return ReplyView(element)
  }

  /// Whether both are bulk strings of the same bytes.
  public func isSameString(as other: ReplyView) -> Bool {
    guard let length, let otherLength = other.length, length == otherLength else { return false }
    guard length > 0, let mine = bytes.baseAddress, let its = other.bytes.baseAddress else {
      return length == 0
    }
    return memcmp(mine, its, length) == 0
  }
}
