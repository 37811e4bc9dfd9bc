import Foundation
import SluiceTestSupport

/// Answers every command: mostly as a Redis might, now and then as none would.
final class FuzzedStack: @unchecked Sendable {
  let port: Int
  private let listener: Int32
  private let lock = NSLock()
  private var numbers = ExtremeNumbers("FuzzedStack")
  private var count = 0

  init(seed: UInt64) throws {
    for _ in 0..<seed % 64 { _ = numbers.bits() }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in.loopback(port: 0)
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
    Thread { [self] in accept() }.start()
  }

  /// Given so far.
  var replies: Int { lock.withLock { count } }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func accept() {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { break }
      let connection = TestSocket(descriptor)
      Thread { [self] in
        while let words = try? connection.command(), (try? connection.send(reply(to: words))) != nil {}
        connection.close()
      }.start()
    }
    close(listener)
  }

  private static let sound = [
    "+OK\r\n", ":1\r\n", "$1\r\na\r\n", "$-1\r\n", "*0\r\n", "*2\r\n$1\r\na\r\n$1\r\n1\r\n", "-ERR no\r\n",
  ]
  private static let extreme = [
    ":#\r\n", "$#\r\nab\r\n", "*#\r\n", "*1\r\n:#\r\n", "*2\r\n$1\r\nk\r\n*#\r\n", "%#\r\n", "$1\r\n#\r\n",
    "_\r\n", "*1\r\n#t\r\n",
    "*2\r\n$1\r\nk1\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n#\r\n*#\r\n", "=#\r\ntxt:\r\n", ">1\r\n+x\r\n",
    "*2\r\n$1\r\n#\r\n*1\r\n$2\r\nk1\r\n",
    "*3\r\n$3\r\n#-1\r\n*1\r\n$3\r\n1-1\r\n*0\r\n", "+#\r\n+#\r\n", "-READONLY #\r\n", "(#\r\n", ",#\r\n",
  ]

  private func reply(to words: [String]) -> [UInt8] {
    lock.withLock {
      count += 1
      let name = words.first?.uppercased() ?? ""
      let right: String =
        switch name {
        case "PING": "+PONG\r\n"
        case "CLIENT": ":\(1 + numbers.below(100))\r\n"
        case "INFO": "$\(8 + "\(port)".utf8.count)\r\nrun_id:\(port)\n\r\n"
        case "DBSIZE", "EXISTS", "DEL", "UNLINK", "HLEN", "SCARD", "ZCARD": ":\(numbers.below(3))\r\n"
        case "PTTL", "PEXPIRETIME": ":\(numbers.pick(["-1", "-2", "5", "100000"]))\r\n"
        case "FLUSHDB": "+OK\r\n"
        case "HELLO": "-ERR unknown command 'HELLO'\r\n"
        default: numbers.pick(FuzzedStack.sound)
        }
      let isHandshake = ["PING", "CLIENT", "INFO"].contains(name)
      guard numbers.below(isHandshake ? 40 : 6) == 0 else { return Array(right.utf8) }
      let reply = Array(numbers.filled(numbers.pick(FuzzedStack.extreme)).utf8)
      return numbers.below(3) == 0 ? numbers.mutated(reply) : reply
    }
  }
}
