import Glibc
import SluiceLoadGenerator
import SluiceRedisClient
import Testing

@Suite struct RedisClientTests {
  private let folder: ScratchFolder
  private let server: LocalServer

  init() throws {
    folder = try ScratchFolder()
    let path = folder.path
    server = try LocalServer.redis(in: folder, extra: ["--unixsocket", "\(path)/redis.sock"])
  }

  @Test func answersEveryKindOfReply() throws {
    let client = try server.client()
    #expect(try client.command("SET", "k", "v") == .status("OK"))
    #expect(try client.command("GET", "k") == .string(Array("v".utf8)))
    #expect(try client.command("GET", "none") == .null)
    #expect(try client.command("INCR", "n") == .integer(1))
    #expect(try client.command("MGET", "k", "none") == .array([.string(Array("v".utf8)), .null]))
    guard case .error(let text) = try client.command("LPUSH", "k", "x") else {
      Issue.record("an error was due")
      return
    }
    #expect(text.hasPrefix("WRONGTYPE"))
    #expect(try client.command("PING").text == "PONG")
    #expect(
      try client.command("EVAL", "return {1,{2,{'three',{}}}}", "0")
        == .array([.integer(1), .array([.integer(2), .array([.string(Array("three".utf8)), .array([])])])]))
  }

  @Test func carriesAnyBytes() throws {
    let client = try server.client()
    let key: [UInt8] = [0, 13, 10, 255, 36]
    let value = (0...255).map { UInt8($0) }
    #expect(try client.command([Array("SET".utf8), key, value]) == .status("OK"))
    #expect(try client.command([Array("GET".utf8), key]) == .string(value))
    #expect(try client.command([Array("SET".utf8), key, []]) == .status("OK"))
    #expect(try client.command([Array("GET".utf8), key]) == .string([]))
    #expect(try client.command([Array("SET".utf8), [], [7]]) == .status("OK"))
    #expect(try client.command([Array("GET".utf8), []]) == .string([7]))
  }

  @Test func keepsTheOrderOfAPipeline() throws {
    let client = try server.client()
    for number in 0..<1000 { try client.append("ECHO", "\(number)") }
    #expect(client.pending == 1000)
    for number in 0..<1000 { #expect(try client.reply().text == "\(number)") }
    #expect(client.pending == 0)
    try client.append("ECHO", "late")
    #expect(try client.command("ECHO", "now").text == "now")
  }

  @Test func refusesWhatMakesNoSense() throws {
    let client = try server.client()
    #expect(#expect(throws: RedisError.self) { try client.command([[UInt8]]()) }?.code == .misuse)
    #expect(#expect(throws: RedisError.self) { try client.reply() }?.code == .misuse)
    #expect(try client.command("PING").text == "PONG")
  }

  @Test func introducesItself() throws {
    let admin = try server.client()
    #expect(try admin.command("ACL", "SETUSER", "ann", "on", ">s3cret", "~*", "+@all") == .status("OK"))
    #expect(try admin.command("CONFIG", "SET", "requirepass", "top") == .status("OK"))
    let base = "127.0.0.1:\(server.port)"
    let ann = try RedisClient(RedisEndpoint("redis://ann:s3cret@\(base)/3"))
    #expect(try ann.command("ACL", "WHOAMI").text == "ann")
    #expect(try ann.command("CLIENT", "INFO").text?.contains(" db=3 ") == true)
    let anyone = try RedisClient(RedisEndpoint("redis://top@\(base)"))
    #expect(try anyone.command("ACL", "WHOAMI").text == "default")
    let wrong = #expect(throws: RedisError.self) {
      try RedisClient(RedisEndpoint("redis://ann:nope@\(base)"))
    }
    #expect(wrong?.code == .refused)
    #expect(wrong?.message.contains("WRONGPASS") == true)
    #expect(wrong?.message.contains("nope") == false)
    let far = #expect(throws: RedisError.self) { try RedisClient(RedisEndpoint("redis://top@\(base)/99")) }
    #expect(far?.code == .refused)
  }

  @Test func speaksOverAUnixSocket() throws {
    let client = try RedisClient(RedisEndpoint("unix://\(folder.path)/redis.sock"))
    #expect(try client.command("PING").text == "PONG")
  }

  @Test func saysThatNobodyListens() throws {
    let port = try Ports.free()
    let tcp = #expect(throws: RedisError.self) { try RedisClient(RedisEndpoint("redis://127.0.0.1:\(port)")) }
    #expect(tcp?.code == .connectFailed)
    #expect(tcp?.message.contains("\(port)") == true)
    let unix = #expect(throws: RedisError.self) {
      try RedisClient(RedisEndpoint("unix:///nowhere/redis.sock"))
    }
    #expect(unix?.code == .connectFailed)
  }

  @Test func givesUpOnAStoppedServer() throws {
    let client = try RedisClient(server.endpoint, commandTimeout: .milliseconds(50))
    server.process.signal(SIGSTOP)
    defer { server.process.signal(SIGCONT) }
    let error = #expect(throws: RedisError.self) { try client.command("PING") }
    #expect(error?.code == .timeout)
    server.process.signal(SIGCONT)
    // The late PONG must not become the answer to the next command.
    #expect(#expect(throws: RedisError.self) { try client.command("ECHO", "x") } == error)
  }

  @Test func survivesTheEndOfTheServer() throws {
    let client = try server.client()
    let pipe = try RedisPipe(server.endpoint)
    server.process.stop()
    let error = #expect(throws: RedisError.self) { try client.command("PING") }
    #expect(error?.code == .closed)
    // The first write meets a reset, the second a broken pipe: neither may end this process.
    for _ in 0..<3 {
      #expect(throws: RedisError.self) {
        try pipe.append(CommandArguments(["PING".utf8]))
        _ = try pipe.send()
        var bytes: [UInt8] = []
        while try pipe.next(into: &bytes) == nil { try pipe.receive() }
      }
    }
  }

  @Test func keepsNoMemoryOfReplies() throws {
    let client = try server.client()
    let large = [UInt8](repeating: 0x78, count: 100_000)
    #expect(try client.command([Array("SET".utf8), Array("large".utf8), large]) == .status("OK"))
    func read(_ times: Int) throws {
      for _ in 0..<times {
        try client.append("GET", "large")
        try client.append("MGET", "large", "none", "large")
        try client.append("LPUSH", "large", "x")
        for _ in 0..<3 { _ = try client.reply() }
      }
    }
    try read(50)
    let before = residentBytes()
    try read(1000)
    // 300 MB went through; what a leak of any of the replies would leave is far above the allowance.
    #expect(residentBytes() - before < 30_000_000)
  }

  private func residentBytes() -> Int {
    var pages = 0
    if let file = fopen("/proc/self/statm", "r") {
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 128)
      if fgets(&line, 128, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        pages = Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
      }
    }
    return pages * 4096
  }
}
