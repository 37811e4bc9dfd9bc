import Glibc
import SluiceLoadGenerator
import SluiceRedisClient
import Testing

@Suite struct RedisPipeTests {
  private let folder: ScratchFolder
  private let server: LocalServer

  init() throws {
    folder = try ScratchFolder()
    server = try LocalServer.redis(in: folder)
  }

  @Test func reportsKindsAndBytes() throws {
    let pipe = try RedisPipe(server.endpoint)
    for command in ["SET k v", "GET k", "GET none", "INCR n", "LPUSH k x", "MGET k n"] {
      try pipe.append(CommandArguments(command.split(separator: " ").map(\.utf8)))
    }
    #expect(try pipe.send())
    var seen: [(RedisPipe.Kind, String)] = []
    while seen.count < 6 {
      var ready = pollfd(fd: pipe.descriptor, events: Int16(POLLIN), revents: 0)
      try #require(poll(&ready, 1, 5000) == 1)
      try pipe.receive()
      var bytes: [UInt8] = []
      while let kind = try pipe.next(into: &bytes) {
        seen.append((kind, String(decoding: bytes, as: UTF8.self)))
      }
    }
    #expect(seen.map(\.0) == [.status, .string, .null, .integer(1), .error, .array(count: 2)])
    #expect(seen.map(\.1).prefix(4) == ["OK", "v", "", ""])
    #expect(seen[4].1.hasPrefix("WRONGTYPE"))
  }

  @Test func doesNotWaitForReplies() throws {
    let pipe = try RedisPipe(server.endpoint)
    var bytes: [UInt8] = []
    try pipe.receive()
    #expect(try pipe.next(into: &bytes) == nil)
    #expect(throws: RedisError.self) { try pipe.append(CommandArguments()) }
  }
}
