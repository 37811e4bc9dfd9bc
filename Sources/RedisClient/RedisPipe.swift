import CSluiceHiredis
import Glibc

/// A non-blocking connection for one thread that drives many of them by `poll` or `epoll`.
///
/// The replies come in the order of the commands. Bytes are copied into a buffer of the caller, so that a load
/// generator needs no allocation per reply beyond hiredis's own.
public final class RedisPipe {
  /// What kind of reply came; the bytes of strings, statuses and errors are in the caller's buffer.
  public enum Kind: Equatable, Sendable {
    case string, status, error, null
    case integer(Int64)
    /// An array; its elements are counted and not copied.
    case array(count: Int)
  }

  /// The socket, for `poll`: owned by this pipe, not to be closed by anyone else.
  public var descriptor: Int32 { client.context.pointee.fd }
  /// Where this pipe is connected.
  public var endpoint: RedisEndpoint { client.endpoint }

  private let client: RedisClient

  /// Connects and introduces itself as a blocking ``RedisClient`` does, and stops blocking then.
  public init(_ endpoint: RedisEndpoint, connectTimeout: Duration = .seconds(2)) throws(RedisError) {
    client = try RedisClient(endpoint, connectTimeout: connectTimeout)
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw RedisError(
        .connectFailed, "the socket to \(endpoint) cannot be made non-blocking (errno \(errno))")
    }
    // Without this flag hiredis takes EAGAIN for "nothing there yet" and not for a failure.
    client.context.pointee.flags &= ~REDIS_BLOCK
  }

  /// Puts a command behind what is yet to be sent; nothing is sent before ``send()``.
  public func append(_ arguments: CommandArguments) throws(RedisError) {
    guard arguments.count > 0 else {
      throw RedisError(.misuse, "a command needs at least its name; pass one argument or more")
    }
    guard arguments.append(to: client.context) else { throw client.failed() }
  }

  /// Hands bytes to the kernel, as many as it takes.
  ///
  /// - Returns: whether all of them went; if not, call again when the socket is writable.
  public func send() throws(RedisError) -> Bool {
    var done: Int32 = 0
    guard redisBufferWrite(client.context, &done) == REDIS_OK else { throw client.failed() }
    return done == 1
  }

  /// Takes up to 16 KiB from the kernel; to be called when the socket is readable.
  public func receive() throws(RedisError) {
    guard redisBufferRead(client.context) == REDIS_OK else { throw client.failed() }
  }

  /// The next whole reply among what was received, or `nil` when more bytes are needed.
  ///
  /// - Parameter bytes: replaced by the bytes of a string, status or error, and emptied for anything else.
  public func next(into bytes: inout [UInt8]) throws(RedisError) -> Kind? {
    var object: UnsafeMutableRawPointer?
    guard redisGetReplyFromReader(client.context, &object) == REDIS_OK else { throw client.failed() }
    guard let object else { return nil }
    defer { freeReplyObject(object) }
    let reply = UnsafePointer(object.assumingMemoryBound(to: redisReply.self))
    bytes.removeAll(keepingCapacity: true)
    switch reply.pointee.type {
    case REDIS_REPLY_STRING:
      bytes.append(contentsOf: Reply.bytes(of: reply))
      return .string
    case REDIS_REPLY_STATUS:
      bytes.append(contentsOf: Reply.bytes(of: reply))
      return .status
    case REDIS_REPLY_ERROR:
      bytes.append(contentsOf: Reply.bytes(of: reply))
      return .error
    case REDIS_REPLY_INTEGER:
      return .integer(reply.pointee.integer)
    case REDIS_REPLY_ARRAY:
      return .array(count: reply.pointee.elements)
    default:
      return .null
    }
  }
}
