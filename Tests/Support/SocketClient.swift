import Foundation
import SluiceLoadGenerator

/// A blocking TCP connection for byte literals: bytes in, whole replies out, with a deadline for each.
public final class SocketClient {
  private let descriptor: Int32
  private var received: [UInt8] = []

  /// Connects to 127.0.0.1.
  public init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw TestFailure("no socket to be had (errno \(errno))") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      let reason = errno
      close(descriptor)
      throw TestFailure("cannot connect to port \(port) (errno \(reason))")
    }
  }

  deinit { close(descriptor) }

  /// Sends bytes as they are.
  public func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw TestFailure("the connection broke while sending (errno \(errno))") }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends text as it is.
  public func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Tells the other side that nothing more will come.
  public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The bytes of the next whole reply as text.
  public func reply(within limit: Duration = .seconds(5)) throws -> String {
    let deadline = MonotonicClock.now() + UInt64(limit / .nanoseconds(1))
    while true {
      if let length = Self.lengthOfReply(received[...]) {
        defer { received.removeFirst(length) }
        return String(decoding: received[..<length], as: UTF8.self)
      }
      guard try receive(until: deadline) else {
        throw TestFailure("the connection was closed after '\(String(decoding: received, as: UTF8.self))'")
      }
    }
  }

  /// The next `count` whole replies as text.
  public func replies(_ count: Int, within limit: Duration = .seconds(5)) throws -> [String] {
    try (0..<count).map { _ in try reply(within: limit) }
  }

  /// Sends text and returns the next whole reply as text.
  public func ask(_ text: String) throws -> String {
    try send(text)
    return try reply()
  }

  /// Waits until the other side closes the connection, and returns what still came.
  public func untilClosed(within limit: Duration = .seconds(5)) throws -> String {
    let deadline = MonotonicClock.now() + UInt64(limit / .nanoseconds(1))
    while try receive(until: deadline) {}
    defer { received = [] }
    return String(decoding: received, as: UTF8.self)
  }

  /// Waits until so much has come that a text is in it, or the other side closes, and returns it.
  public func untilClosed(orText text: String, within limit: Duration = .seconds(10)) throws -> String {
    let deadline = MonotonicClock.now() + UInt64(limit / .nanoseconds(1))
    while !String(decoding: received, as: UTF8.self).contains(text), try receive(until: deadline) {}
    return String(decoding: received, as: UTF8.self)
  }

  /// Returns false at the end of the stream.
  private func receive(until deadline: UInt64) throws -> Bool {
    let now = MonotonicClock.now()
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard now < deadline, poll(&entry, 1, Int32((deadline - now) / 1_000_000) + 1) > 0 else {
      throw TestFailure("no answer in time, only '\(String(decoding: received, as: UTF8.self))'")
    }
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    received += chunk[..<count]
    return true
  }

  /// The length of the first reply of a stream; nil while it is not whole.
  static func lengthOfReply(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")), let kind = bytes.first else { return nil }
    let line = end - bytes.startIndex + 1
    let number = Int(String(decoding: bytes[(bytes.startIndex + 1)..<end].dropLast(), as: UTF8.self)) ?? 0
    switch kind {
    case UInt8(ascii: "$"), UInt8(ascii: "="):
      let length = number < 0 ? line : line + number + 2
      return length <= bytes.count ? length : nil
    case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: "%"):
      var length = line
      for _ in 0..<max(0, kind == UInt8(ascii: "%") ? 2 * number : number) {
        guard let element = lengthOfReply(bytes.dropFirst(length)) else { return nil }
        length += element
      }
      return length
    default:
      return line
    }
  }
}
