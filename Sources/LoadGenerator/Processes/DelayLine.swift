import Foundation
import Synchronization

/// A port that leads to another one of this machine and answers late: a network between two machines. How late may change at any time.
public final class DelayLine: Sendable {
  /// Where it listens.
  public let port: UInt16
  private let listener: Int32
  private let late: Late

  private final class Late: Sendable {
    let microseconds = Atomic<UInt32>(0)
  }

  /// - Throws: `ProcessError` if it cannot listen.
  public init(to target: UInt16) throws {
    let late = Late()
    self.late = late
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = DelayLine.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isListening else { throw ProcessError("a delay line cannot listen: errno \(errno)") }
    listener = descriptor
    port = in_port_t(bigEndian: address.sin_port)
    Thread.detachNewThread {
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { return }
        guard let server = DelayLine.connected(to: target) else {
          close(client)
          continue
        }
        let pair = Pair(client, server)
        Thread.detachNewThread { DelayLine.pump(client, server, nil, pair) }
        Thread.detachNewThread { DelayLine.pump(server, client, late, pair) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// From now on what comes back waits so long.
  public func delay(milliseconds: UInt32) { late.microseconds.store(milliseconds * 1000, ordering: .relaxed) }

  /// Two sockets that are closed when both directions have ended.
  private final class Pair: Sendable {
    private let sockets: (Int32, Int32)

    init(_ one: Int32, _ other: Int32) { sockets = (one, other) }

    deinit {
      close(sockets.0)
      close(sockets.1)
    }

    func end() {
      shutdown(sockets.0, Int32(SHUT_RDWR))
      shutdown(sockets.1, Int32(SHUT_RDWR))
    }
  }

  /// One direction, until either side ends.
  private static func pump(_ from: Int32, _ to: Int32, _ late: Late?, _ pair: Pair) {
    defer { pair.end() }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(from, &bytes, bytes.count, 0)
      guard count > 0 else { break }
      if let wait = late?.microseconds.load(ordering: .relaxed), wait > 0 { usleep(wait) }
      var sent = 0
      while sent < count {
        let more = bytes[sent..<count].withUnsafeBytes {
          send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard more > 0 else { break }
        sent += more
      }
      if sent < count { break }
    }
  }

  private static func connected(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port: port)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return address
  }
}
