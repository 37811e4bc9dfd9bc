import Foundation
import SluiceLoadGenerator
import Synchronization

/// An address on this machine that leads to another port: to which one may change, and how fast may be bounded.
public final class Forwarder: Sendable {
  /// Where it listens.
  public let port: Int
  private let listener: Int32
  private let state: State
  private let rate: Int

  private final class State: Sendable {
    private let now: Mutex<(target: Int, accepted: Int)>
    init(target: Int) { now = Mutex((target, 0)) }
    var accepted: Int { now.withLock { $0.accepted } }
    func lead(to target: Int) { now.withLock { $0.target = target } }
    func accept() -> Int {
      now.withLock { now in
        now.accepted += 1
        return now.target
      }
    }
  }

  /// - Parameters:
  ///   - target: a port; new connections go there.
  ///   - rate: bytes a second from there, for each connection; 0 is no bound.
  public init(to target: Int, rate: Int = 0) throws {
    self.rate = rate
    state = State(target: target)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Forwarder.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isListening else { throw TestFailure("cannot listen: errno \(errno)") }
    listener = descriptor
    port = Int(in_port_t(bigEndian: address.sin_port))
    Thread.detachNewThread { [listener, state, rate] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        guard let server = Forwarder.connected(to: state.accept()) else {
          close(client)
          continue
        }
        let pair = Pair(client, server)
        Thread.detachNewThread { Forwarder.pump(client, server, 0, pair) }
        Thread.detachNewThread { Forwarder.pump(server, client, rate, pair) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// Connections that came so far.
  public var accepted: Int { state.accepted }

  /// New connections go to another port from now on; those that are there stay where they are.
  public func lead(to target: Int) { state.lead(to: target) }

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

  private static func pump(_ from: Int32, _ to: Int32, _ rate: Int, _ pair: Pair) {
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = recv(from, &bytes, bytes.count, 0)
      guard count > 0 else { break }
      if rate > 0 { usleep(useconds_t(count * 1_000_000 / rate)) }
      var sent = 0
      while sent < count {
        let more = bytes[sent..<count].withUnsafeBytes {
          send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard more > 0 else { return pair.end() }
        sent += more
      }
    }
    pair.end()
  }

  private static func connected(to port: Int) -> Int32? {
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

  private static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return address
  }
}
