import Foundation
import SluiceRESP

struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// One end of a connection that blocks, with a deadline on every read: as a client of the proxy it reads replies, as the
/// end of a stack it reads commands.
final class TestSocket: @unchecked Sendable {
  private(set) var descriptor: Int32
  private var received: [UInt8] = []
  private var replies = ReplyFramer()
  private var requests = RequestFramer()

  /// Takes over a connected socket.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    waits(milliseconds: 20_000)
  }

  /// From now on so long, below a minute, for every read and write.
  func waits(milliseconds: Int) {
    var patience = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Connects to a port of this machine. `receiveBuffer` keeps small what the kernel takes for a client that reads nothing.
  convenience init(port: Int, receiveBuffer: Int32? = nil) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in.loopback(port: port)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      Glibc.close(descriptor)
      throw TestFailure("cannot connect to port \(port): errno \(errno)")
    }
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    self.init(descriptor)
  }

  /// Connects to a unix socket.
  convenience init(path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      Glibc.close(descriptor)
      throw TestFailure("cannot connect to \(path): errno \(errno)")
    }
    self.init(descriptor)
  }

  deinit { close() }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes as a crashed process does: whatever is unread is thrown away, and the peer gets a reset.
  func reset() {
    var abrupt = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Nothing more will be sent; replies are still read.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  // MARK: Sending

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    guard try trySend(bytes) == bytes.count else { throw TestFailure("the peer has closed") }
  }

  /// Sends as far as the peer takes it: fewer bytes mean that it has closed.
  @discardableResult func trySend(_ bytes: [UInt8]) throws -> Int {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 {
        guard errno == EPIPE || errno == ECONNRESET else { throw TestFailure("cannot send: errno \(errno)") }
        return sent
      }
      sent += count
    }
    return sent
  }

  /// Sends what the kernel takes without waiting for the peer to read.
  func sendNow(_ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
  }

  func send(command words: String...) throws { try send(command: words) }

  func send(command words: [String]) throws {
    try send(InlineRequest.frame(of: words.map { Array($0.utf8) }))
  }

  // MARK: Receiving

  /// Sends a command and returns its reply as it came.
  func ask(_ words: String...) throws -> String { try ask(words) }

  func ask(_ words: [String]) throws -> String {
    try send(command: words)
    return try reply()
  }

  /// The next reply, byte by byte.
  func reply() throws -> String {
    while true {
      switch replies.next(received.span) {
      case .reply(let length): return take(length)
      case .failure(let error): throw TestFailure("no RESP: \(error.message)")
      case .incomplete:
        guard try receive() else { throw TestFailure("closed while a reply was due") }
      }
    }
  }

  /// The next command that arrives here, as words.
  func command() throws -> [String] {
    while true {
      if let words = takeCommand() { return words }
      guard try receive() else { throw TestFailure("closed while a command was due") }
    }
  }

  /// The commands that are here already, without waiting.
  func commandsNow() throws -> [[String]] {
    _ = try receive(flags: Int32(MSG_DONTWAIT))
    var commands: [[String]] = []
    while let words = takeCommand() { commands.append(words) }
    return commands
  }

  private func takeCommand() -> [String]? {
    guard !received.isEmpty, case .command(let length) = requests.next(received.span) else { return nil }
    let words = requests.arguments.map { String(decoding: received[$0.range], as: UTF8.self) }
    _ = take(length)
    return words
  }

  /// Everything until the peer closes; a reset is a close too.
  func untilClosed() throws -> String {
    while try receive() {}
    return take(received.count)
  }

  private func take(_ length: Int) -> String {
    defer { received.removeFirst(length) }
    return String(decoding: received[..<length], as: UTF8.self)
  }

  /// False when the peer has closed, or when nothing is there and `flags` say not to wait.
  private func receive(flags: Int32 = 0) throws -> Bool {
    let capacity = 1 << 16
    let count = withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 16) { chunk in
      let count = recv(descriptor, chunk.baseAddress, capacity, flags)
      if count > 0 { received.append(contentsOf: chunk[..<count]) }
      return count
    }
    if count < 0, errno == EAGAIN, flags == 0 { throw TestFailure("nothing came within 20 s") }
    if count < 0, errno != ECONNRESET, errno != EAGAIN { throw TestFailure("cannot read: errno \(errno)") }
    return count > 0
  }
}

extension sockaddr_in {
  static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}

extension TestSocket {
  /// Keeps small what this end's kernel takes unread.
  func receiveLittle() {
    var size: Int32 = 1 << 14
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Whether bytes lie unread in the kernel.
  var hasInput: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) == 1
  }

  /// Reads up to so many bytes past the framers, and throws them away; returns how many came.
  func readSome(_ count: Int) throws -> Int {
    var bytes = [UInt8](repeating: 0, count: count)
    let length = recv(descriptor, &bytes, count, 0)
    guard length > 0 else { throw TestFailure("nothing came: errno \(errno)") }
    return length
  }
}
