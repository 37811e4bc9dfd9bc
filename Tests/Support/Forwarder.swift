import Foundation
import SluiceLoadGenerator
import SluiceLocks

/// An address on this machine that leads to another port: to which one may change, and how fast may be bounded.
public final class Forwarder: Sendable {
  /// Where it listens.
  public let port: Int
  private let listener: Int32
  private let state: State
  private let rate: Int
  private let delay: Duration

  private final class State: Sendable {
    private let now: Mutex<(target: Int, accepted: Int)>
    init(target: Int) { now = Mutex((target, 0)) }
    var accepted: Int { now.withLock { $0.accepted } }
    private let pairs = Mutex<[WeakPair]>([])
    func keep(_ pair: Pair) { pairs.withLock { $0.append(WeakPair(pair: pair)) } }
    func cut() {
      pairs.withLock { pairs in
        for pair in pairs { pair.pair?.end() }
      }
    }
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
  ///   - delay: how much later every byte from there arrives, as if it were far away.
  public init(to target: Int, rate: Int = 0, delay: Duration = .zero) throws {
    self.rate = rate
    self.delay = delay
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
    Thread.detachNewThread { [listener, state, rate, delay] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        guard let server = Forwarder.connected(to: state.accept()) else {
          close(client)
          continue
        }
        let pair = Pair(client, server)
        state.keep(pair)
        Thread.detachNewThread { Forwarder.pump(client, server, 0, pair) }
        if delay == .zero {
          Thread.detachNewThread { Forwarder.pump(server, client, rate, pair) }
        } else {
          let line = Line()
          Thread.detachNewThread { Forwarder.load(line, from: server, delay) }
          Thread.detachNewThread { Forwarder.unload(line, to: client, pair) }
        }
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

  /// Breaks every connection that is there, with whatever is on its way.
  public func cut() { state.cut() }

  private struct WeakPair {
    weak var pair: Pair?
  }

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

  /// Bytes on a long way, each with the time of its arrival; nil is the end.
  private final class Line: Sendable {
    private let pieces = Mutex<[(at: ContinuousClock.Instant, bytes: [UInt8]?)]>([])
    private let semaphore = DispatchSemaphore(value: 0)
    func put(_ bytes: [UInt8]?, at: ContinuousClock.Instant) {
      pieces.withLock { $0.append((at, bytes)) }
      semaphore.signal()
    }
    func take() -> (at: ContinuousClock.Instant, bytes: [UInt8]?) {
      semaphore.wait()
      return pieces.withLock { $0.removeFirst() }
    }
  }

  private static func load(_ line: Line, from server: Int32, _ delay: Duration) {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(server, &bytes, bytes.count, 0)
      line.put(count > 0 ? Array(bytes[..<count]) : nil, at: .now + delay)
      guard count > 0 else { return }
    }
  }

  private static func unload(_ line: Line, to client: Int32, _ pair: Pair) {
    defer { pair.end() }
    while case (let at, let bytes?) = line.take() {
      let wait = (at - .now) / .microseconds(1)
      if wait > 0 { usleep(useconds_t(wait)) }
      var sent = 0
      while sent < bytes.count {
        let more = bytes[sent...].withUnsafeBytes {
          send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard more > 0 else { return }
        sent += more
      }
    }
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
