import Foundation
import NIOPosix
import SluiceMemoryEngine
import SluiceMemoryServer
import Testing

/// The server over its real socket.
@Suite struct ServerTests {
  private func withServer(_ body: (MemoryServer) async throws -> Void) async throws {
    let server = try await MemoryServer.start(maxBytes: 64 << 20, on: MultiThreadedEventLoopGroup.singleton)
    do {
      try await body(server)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  @Test func theDirectoryIsPrivateAndGoesWithTheServer() async throws {
    var path = ""
    try await withServer { server in
      path = server.socketPath
      let directory = (path as NSString).deletingLastPathComponent
      let mode = try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int
      #expect(mode == 0o700)
      let client = try BlockingClient(socketPath: path)
      try client.send(Array("PING\r\n".utf8))
      #expect(try client.replies(1) == [Array("+PONG\r\n".utf8)])
      await server.stop()
      #expect(try client.untilClosed().isEmpty)
    }
    #expect(!FileManager.default.fileExists(atPath: (path as NSString).deletingLastPathComponent))
  }

  @Test func everySplitPoint() async throws {
    let stream = Array(
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\nGET k\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".utf8)
    try await withServer { server in
      let client = try BlockingClient(socketPath: server.socketPath)
      for split in 1..<stream.count {
        try client.send(Array(stream[..<split]))
        try client.send(Array(stream[split...]))
        let wanted = ["+OK\r\n", "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"].map { Array($0.utf8) }
        #expect(try client.replies(3) == wanted)
      }
    }
  }

  @Test func quitAndProtocolErrorsClose() async throws {
    try await withServer { server in
      for (sent, wanted) in [
        ("QUIT\r\nPING\r\n", "+OK\r\n"),
        ("PING\r\n*1\r\nx", "+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n"),
        ("GET \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
      ] {
        let client = try BlockingClient(socketPath: server.socketPath)
        try client.send(Array(sent.utf8))
        #expect(String(decoding: try client.untilClosed(), as: UTF8.self) == wanted)
      }
    }
  }

  /// 100 MB of replies to 700 bytes of input: they are made as they are read, and every one arrives.
  @Test func repliesWaitForTheReader() async throws {
    try await withServer { server in
      let client = try BlockingClient(socketPath: server.socketPath)
      let value = [UInt8](repeating: 0x78, count: 1 << 20)
      try client.send(Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$\(value.count)\r\n".utf8) + value + [0x0D, 0x0A])
      #expect(try client.replies(1) == [Array("+OK\r\n".utf8)])
      try client.send(Array(String(repeating: "GET k\r\n", count: 100).utf8 + Array("QUIT\r\n".utf8)))
      let received = try client.untilClosed()
      #expect(received.count == 100 * (value.count + 12) + 5)
    }
  }
}
