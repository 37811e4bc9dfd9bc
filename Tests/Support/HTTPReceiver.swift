import Foundation
import SluiceLocks

/// A web server that takes whatever is posted to it: real sockets, one thread, nothing of Sluice in it.
public final class HTTPReceiver: Sendable {
  /// One request as it came.
  public struct Request: Sendable {
    public var method: String
    public var path: String
    /// Names in small letters.
    public var headers: [String: String]
    public var body: [UInt8]

    /// The body as JSON.
    public var json: Any? { try? JSONSerialization.jsonObject(with: Data(body)) }
  }

  /// What is answered.
  public struct Answer: Sendable {
    public var status = 200
    public var headers: [String: String] = [:]
    public var body: [UInt8] = []

    public init(_ status: Int = 200, headers: [String: String] = [:], body: [UInt8] = []) {
      (self.status, self.headers, self.body) = (status, headers, body)
    }
  }

  public let port: UInt16
  private let descriptor: Int32
  private let seen = Mutex<[Request]>([])
  private let answer: @Sendable (Request) -> Answer

  /// Every request that came, in order.
  public var requests: [Request] { seen.withLock { $0 } }

  /// - Parameter port: 0 lets the kernel choose; another one is that of a receiver that was there before.
  public init(
    port: UInt16 = 0, _ answer: @escaping @Sendable (Request) -> Answer = { _ in Answer() }
  ) throws {
    self.answer = answer
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = self.descriptor
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { socketAddress in
        bind(descriptor, socketAddress, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, socketAddress, &length) == 0
      }
    }
    guard bound else { throw TestFailure("no port for a receiver: \(errno)") }
    self.port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else {
          close(descriptor)
          return
        }
        serve(client)
        close(client)
      }
    }
  }

  /// Nobody listens any more; the thread closes the descriptor.
  public func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private func serve(_ client: Int32) {
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var input: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      if let request = Self.request(input) {
        seen.withLock { $0.append(request) }
        let answer = answer(request)
        var head =
          "HTTP/1.1 \(answer.status) x\r\nContent-Length: \(answer.body.count)\r\nConnection: close\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        let bytes = Array("\(head)\r\n".utf8) + answer.body
        _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        return
      }
      let count = recv(client, &chunk, chunk.count, 0)
      guard count > 0 else { return }
      input += chunk[..<count]
    }
  }

  /// Nil while it is not whole.
  private static func request(_ input: [UInt8]) -> Request? {
    let end = Array("\r\n\r\n".utf8)
    guard let head = (0..<max(0, input.count - 3)).first(where: { Array(input[$0..<$0 + 4]) == end }) else {
      return nil
    }
    let lines = String(decoding: input[..<head], as: UTF8.self).components(separatedBy: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
        in: .whitespaces)
    }
    let words = lines[0].split(separator: " ").map(String.init)
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    guard words.count >= 2, input.count >= head + 4 + length else { return nil }
    return Request(
      method: words[0], path: words[1], headers: headers, body: Array(input[(head + 4)..<(head + 4 + length)])
    )
  }
}
