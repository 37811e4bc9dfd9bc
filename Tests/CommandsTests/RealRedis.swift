import Foundation

/// A `redis-server` of the test's own on a unix socket in a temporary folder (no port, so no clash), and
/// one connection to it. `stop()` ends it.
final class RealRedis {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let process = Process()
  private let folder: URL
  private var connection: Int32 = -1
  private var unread: [UInt8] = []

  /// Runs `body` with a fresh server and ends the server whatever happens.
  static func with<T>(_ body: (RealRedis) throws -> T) throws -> T {
    let server = try RealRedis()
    defer { server.stop() }
    return try body(server)
  }

  private init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "commands-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appending(path: "s").path
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir",
      folder.path,
    ]
    process.standardOutput = output
    try process.run()
    do {
      try waitUntilReady(output.fileHandleForReading)
      try connect(path)
    } catch {
      stop()
      throw error
    }
  }

  func stop() {
    if connection >= 0 { close(connection) }
    // Not `terminate()`: the server inherits the signal mask of the test's thread, where SIGTERM is
    // blocked.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  /// The server says by itself when it is ready; nothing is polled.
  private func waitUntilReady(_ output: FileHandle) throws {
    var log = ""
    while !log.contains("ready to accept connections") {
      let data = output.availableData
      guard !data.isEmpty else { throw Failure(description: "redis-server did not start: \(log)") }
      log += String(decoding: data, as: UTF8.self)
    }
  }

  private func connect(_ path: String) throws {
    connection = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { field in
      for (index, byte) in path.utf8.prefix(field.count - 1).enumerated() { field[index] = byte }
    }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw Failure(description: "cannot connect to \(path): errno \(errno)") }
  }
}

/// One RESP2 reply.
indirect enum Reply: Equatable {
  case text(String)
  case error(String)
  case integer(Int)
  case array([Reply])
  case null

  var text: String {
    if case .text(let text) = self { text } else { "" }
  }

  var integer: Int? {
    if case .integer(let integer) = self { integer } else { nil }
  }

  var items: [Reply] {
    if case .array(let items) = self { items } else { [] }
  }
}

extension RealRedis {
  func ask(_ words: [String]) throws -> Reply {
    var request = Array("*\(words.count)\r\n".utf8)
    for word in words { request += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
    while !request.isEmpty {
      let sent = write(connection, request, request.count)
      guard sent > 0 else { throw Failure(description: "cannot write: errno \(errno)") }
      request.removeFirst(sent)
    }
    return try reply()
  }

  private func reply() throws -> Reply {
    let line = try line()
    let rest = String(line.dropFirst())
    switch line.first {
    case "+": return .text(rest)
    case "-": return .error(rest)
    case ":": return .integer(Int(rest) ?? 0)
    case "$":
      guard let length = Int(rest), length >= 0 else { return .null }
      let bytes = try take(length + 2)
      return .text(String(decoding: bytes.dropLast(2), as: UTF8.self))
    case "*":
      guard let count = Int(rest), count >= 0 else { return .null }
      return .array(try (0..<count).map { _ in try reply() })
    default: throw Failure(description: "unexpected reply line: \(line)")
    }
  }

  private func line() throws -> String {
    var end = unread.firstIndex(of: 10)
    while end == nil {
      try receive()
      end = unread.firstIndex(of: 10)
    }
    return String(decoding: try take((end ?? 0) + 1).dropLast(2), as: UTF8.self)
  }

  private func take(_ count: Int) throws -> ArraySlice<UInt8> {
    while unread.count < count { try receive() }
    let taken = unread[..<count]
    unread = Array(unread[count...])
    return taken
  }

  private func receive() throws {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(connection, &chunk, chunk.count)
    guard count > 0 else { throw Failure(description: "redis-server closed the connection") }
    unread += chunk[..<count]
  }
}
