import SluiceTestSupport
import Testing

extension Acceptance {
  /// `redis-cli`, in each way in which people use it.
  @Suite struct RedisCLITests {
    private let stacks: TwoStacks

    init() throws { stacks = try TwoStacks(stage: "live", percent: 50) }

    private func cli(_ arguments: [String], input: String? = nil) throws -> String {
      let ran = try Child.run(
        "redis-cli", ["-p", "\(stacks.sluice.port)"] + arguments, input: input)
      #expect(ran.exit == .code(0), "\(ran.output)\(ran.errors)")
      #expect(ran.errors.isEmpty, "\(ran.errors)")
      return ran.output
    }

    @Test("one command per call, on either database 0 or none named")
    func oneShot() throws {
      #expect(try cli(["set", "user:1", "a b"]) == "OK\n")
      #expect(try cli(["-n", "0", "get", "user:1"]) == "a b\n")
      #expect(try cli(["--no-raw", "get", "user:nothing"]) == "(nil)\n")
      #expect(try cli(["mset", "a", "1", "b", "2", "c", "3", "d", "4"]) == "OK\n")
      #expect(try cli(["mget", "d", "c", "b", "a", "nothing"]) == "4\n3\n2\n1\n\n")
      #expect(try cli(["del", "a", "b", "c", "d"]) == "4\n")
      #expect(try cli(["-x", "set", "from:stdin"], input: "many\nlines") == "OK\n")
      #expect(try cli(["get", "from:stdin"]) == "many\nlines\n")
      #expect(try cli(["-r", "5", "incr", "n"]) == "1\n2\n3\n4\n5\n")
      #expect(try cli(["info", "server"]).contains("redis_version:"))
    }

    @Test("a session on standard input")
    func session() throws {
      let script = """
        ping
        set greeting "hello world"
        get greeting
        hset h f1 v1 f2 v2
        hget h f2
        lpush l a b c
        lrange l 0 -1
        expire greeting 100
        ttl greeting
        nosuchcommand x
        multi
        flushdb
        exec
        dbsize
        quit

        """
      let answers = try cli([], input: script).split(separator: "\n").map(String.init)
      let expected = ["PONG", "OK", "hello world", "2", "v2", "3", "c", "b", "a", "1", "100"]
      #expect(Array(answers.prefix(expected.count)) == expected)
      let rest = answers.dropFirst(expected.count)
      #expect(rest.contains { $0.hasPrefix("ERR unknown command") }, "\(rest)")
      #expect(rest.contains("QUEUED"), "\(rest)")
      #expect(rest.contains { $0.hasPrefix("EXECABORT sluice: this transaction is not carried") }, "\(rest)")
      #expect(rest.last == "3", "\(rest)")
    }

    @Test("--pipe inserts thousands of keys without an error")
    func pipe() throws {
      let count = 5000
      var commands = ""
      for index in 0..<count {
        let key = "pipe:\(index)"
        commands += "*3\r\n$3\r\nSET\r\n$\(key.utf8.count)\r\n\(key)\r\n$5\r\nvalue\r\n"
      }
      let output = try cli(["--pipe"], input: commands)
      #expect(output.contains("errors: 0, replies: \(count)"), "\(output)")
      #expect(try cli(["dbsize"]) == "\(count)\n")

      let found = try cli(["--scan", "--pattern", "pipe:*"]).split(separator: "\n")
      #expect(found.count == count)
      #expect(Set(found).count == count)
      let some = try cli(["--scan", "--pattern", "pipe:123*"]).split(separator: "\n")
      #expect(Set(some) == Set(["pipe:123"] + (0..<10).map { Substring("pipe:123\($0)") }))
    }

    @Test("--bigkeys finds the biggest of each type over both stacks")
    func bigKeys() throws {
      #expect(try cli(["set", "small", "x"]) == "OK\n")
      #expect(try cli(["set", "big", String(repeating: "x", count: 1000)]) == "OK\n")
      #expect(try cli(["rpush", "list", "a", "b", "c"]) == "3\n")
      let report = try cli(["--bigkeys"])
      #expect(report.contains("Biggest string found '\"big\"' has 1000 bytes"), "\(report)")
      #expect(report.contains("Biggest   list found '\"list\"' has 3 items"), "\(report)")
    }

    @Test("inline commands over a plain socket")
    func inline() throws {
      let socket = try SocketClient(port: stacks.sluice.port)
      #expect(try socket.ask("PING\r\n") == "+PONG\r\n")
      #expect(try socket.ask("set  inline:1   'with blanks'\r\n") == "+OK\r\n")
      #expect(try socket.ask("GET inline:1\n") == "$11\r\nwith blanks\r\n")
      #expect(try socket.ask("set inline:2 \"\\x00\\r\\n\"\r\n") == "+OK\r\n")
      #expect(try socket.ask("get inline:2\r\n") == "$3\r\n\0\r\n\r\n")
      try socket.send("\r\n\r\nincr n\r\nincr n\r\n*2\r\n$3\r\nGET\r\n$1\r\nn\r\nmget n inline:1\r\n")
      let replies = try socket.replies(4)
      #expect(replies == [":1\r\n", ":2\r\n", "$1\r\n2\r\n", "*2\r\n$1\r\n2\r\n$11\r\nwith blanks\r\n"])
      try socket.send("set unbalanced \"quotes\r\n")
      #expect(try socket.untilClosed() == "-ERR Protocol error: unbalanced quotes in request\r\n")
    }
  }
}
