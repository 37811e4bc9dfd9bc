import Foundation

/// A stack that does what the test says: it answers the hand-shake by itself and hands each connection over; what comes
/// then is read, answered, withheld or garbled by the test.
final class FakeStack: @unchecked Sendable {
  let port: Int
  private let listener: Int32
  private let condition = NSCondition()
  private var waiting: [TestSocket] = []
  private var accepted = 0
  private var isStopped = false
  private var letsWaitNow = false

  /// What the stack says in its next hand-shakes: its run, the keys that it holds, and the number of the connection; nil is an error.
  struct Identity: Sendable {
    /// Hidden if it is empty.
    var run = "1"
    /// Whose runs they are; its own if left out. Two stacks of one name are one server.
    var server: String?
    var keys = 0
    var client: Int?
    /// The answer to `TIME`.
    var time: String?
    var hasRESP3 = false
  }
  private var identityNow = Identity()
  var identity: Identity {
    get { condition.withLock { identityNow } }
    set { condition.withLock { identityNow = newValue } }
  }

  /// - Parameters:
  ///   - greeting: the answer to the PING of the hand-shake.
  ///   - keys: how many keys it says that it holds.
  init(greeting: String = "+PONG\r\n", keys: Int = 0, hasRESP3: Bool = false) throws {
    identityNow.keys = keys
    identityNow.hasRESP3 = hasRESP3
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
    let thread = Thread { [self] in acceptAll(greeting) }
    thread.start()
  }

  /// Whether who connects has to wait for the hand-shake's first answer.
  var letsWait: Bool {
    get { condition.withLock { letsWaitNow } }
    set {
      condition.withLock {
        letsWaitNow = newValue
        condition.broadcast()
      }
    }
  }

  /// Takes no more connections; those that are there stay. Twice does no harm.
  func stop() {
    condition.withLock {
      if !isStopped { shutdown(listener, Int32(SHUT_RDWR)) }
      isStopped = true
      condition.broadcast()
    }
  }

  private func acceptAll(_ greeting: String) {
    while true {
      let descriptor = accept(listener, nil, nil)
      guard descriptor >= 0 else {
        // Only now, and here: whoever closes a socket that another thread waits on may close a stranger's.
        condition.withLock {
          isStopped = true
          close(listener)
        }
        return
      }
      let connection = TestSocket(descriptor)
      condition.withLock { accepted += 1 }
      guard (try? greet(connection, greeting)) != nil else { continue }
      condition.withLock {
        waiting.append(connection)
        condition.broadcast()
      }
    }
  }

  private func greet(_ connection: TestSocket, _ greeting: String) throws {
    guard try connection.command() == ["PING"] else { throw TestFailure("the hand-shake begins otherwise") }
    condition.withLock { while letsWaitNow, !isStopped { condition.wait() } }
    try connection.send(greeting)
    while true {
      let identity = identity
      switch try connection.command()[0] {
      case "TIME": try connection.send(identity.time ?? "-ERR unknown command\r\n")
      case "CLIENT": try connection.send(identity.client.map { ":\($0)\r\n" } ?? "-ERR unknown command\r\n")
      case "INFO" where identity.run.isEmpty: try connection.send("-NOPERM no permissions to run 'info'\r\n")
      case "INFO":
        let text = "# Server\r\nrun_id:\(identity.server ?? "\(port)").\(identity.run)\r\n"
        try connection.send("$\(text.utf8.count)\r\n\(text)\r\n")
      case "DBSIZE": return try connection.send(":\(identity.keys)\r\n")
      // It is asked what server it is, and does not tell.
      case "HELLO" where identity.hasRESP3:
        try connection.send("%0\r\n")
        guard try connection.command() == ["HELLO", "2"] else { throw TestFailure("it stays in RESP3") }
        try connection.send("*0\r\n")
      case "CONFIG", "FUNCTION", "COMMAND", "HELLO": try connection.send("-ERR unknown command\r\n")
      case let word: throw TestFailure("\(word) does not belong into a hand-shake")
      }
    }
  }

  /// Connections that came so far.
  var connections: Int { condition.withLock { accepted } }

  /// The connections whose hand-shake is through and that nobody has asked for.
  func connectionsNow() -> [TestSocket] {
    condition.withLock {
      defer { waiting = [] }
      return waiting
    }
  }

  /// The next connection whose hand-shake is through.
  func connection() throws -> TestSocket {
    try condition.withLock {
      let deadline = Date(timeIntervalSinceNow: 20)
      while waiting.isEmpty {
        guard condition.wait(until: deadline) else { throw TestFailure("no connection came within 20 s") }
      }
      return waiting.removeFirst()
    }
  }
}
