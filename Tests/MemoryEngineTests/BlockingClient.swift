import Foundation
import SluiceRESP

/// A client that blocks: writes a pipeline and reads as many replies as it has commands.
final class BlockingClient {
  private let descriptor: Int32
  private var received: [UInt8] = []

  struct Failure: Error { let what: String }

  /// Connects as soon as the server listens; gives up after ten seconds.
  init(socketPath: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix(107)) }
    let deadline = Date(timeIntervalSinceNow: 10)
    while true {
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      let result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      if result == 0 {
        self.descriptor = descriptor
        return
      }
      close(descriptor)
      guard Date() < deadline else { throw Failure(what: "no server at \(socketPath)") }
      sched_yield()
    }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw Failure(what: "write failed: \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// The bytes of the next `count` replies, one array each.
  func replies(_ count: Int) throws -> [[UInt8]] {
    var replies: [[UInt8]] = []
    var framer = ReplyFramer()
    while replies.count < count {
      if case .reply(let length) = framer.next(received.span) {
        replies.append(Array(received[..<length]))
        received.removeFirst(length)
        continue
      }
      guard try receive() else { throw Failure(what: "closed after \(replies.count) replies") }
    }
    return replies
  }

  /// Everything until the server closes.
  func untilClosed() throws -> [UInt8] {
    while try receive() {}
    return received
  }

  private func receive() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw Failure(what: "read failed: \(errno)") }
    received.append(contentsOf: chunk[..<count])
    return count > 0
  }
}
