import SluiceCacheLayers
import SluiceLayeredServer
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// What each layer leaves at the endpoint.
@Suite struct LayerTests {
  @Test("Long values are stored by zlib behind the marker, short ones and numbers as they are")
  func compression() async throws {
    try await LayeredStack.with(Layers { $0.compression = .init(threshold: 100, level: 6) }) { stack in
      let (layered, direct) = try (stack.client(), stack.direct())
      let long = [UInt8](repeating: 120, count: 5000)
      try layered.run([Array("SET".utf8), Array("k".utf8), long])
      let stored = try #require(try direct.run(["GET", "k"]).bytes)
      #expect(stored.count < 200 && stored.starts(with: CompressionCodec.marker))
      #expect(try layered.run(["STRLEN", "k"]) == .integer(5000))
      try layered.run(["SET", "short", "abc"])
      #expect(try direct.run(["GET", "short"]).bytes == Array("abc".utf8))
      let status = await stack.server.status()
      #expect(status.compressed == 1 && status.bytesBefore == 5000)
      #expect(status.bytesAfter == UInt64(stored.count))
    }
  }

  @Test("What nobody can read is a miss, for every command, and is counted")
  func corrupt() async throws {
    try await LayeredStack.with(Layers { $0.turnEverythingOn() }) { stack in
      let (layered, direct) = try (stack.client(), stack.direct())
      let broken =
        CompressionCodec.marker + Array("z".utf8) + [0, 0, 1, 0] + Array("this is no zlib stream".utf8)
      func plant() throws {
        try direct.run([Array("SET".utf8), Array("app:*[1]:k".utf8), broken])
      }
      try plant()
      #expect(try layered.run(["GET", "k"]) == .null)
      #expect(try layered.run(["MGET", "k", "x"]) == .array([.null, .null]))
      #expect(try layered.run(["STRLEN", "k"]) == .integer(0))
      #expect(try layered.run(["GETRANGE", "k", "0", "-1"]) == .string([]))
      #expect(try layered.run(["DUMP", "k"]) == .null)
      guard case .error(let text) = try layered.run(["SETBIT", "k", "0", "1"]) else {
        throw TestFailure("it was taken")
      }
      #expect(text.contains("layer compression"))
      #expect(try layered.run(["APPEND", "k", "new"]) == .integer(3))
      #expect(try layered.run(["GET", "k"]).text == "new")
      try plant()
      #expect(try layered.run(["GETDEL", "k"]) == .null)
      let status = await stack.server.status()
      #expect(status.corrupt >= 6 && status.refused == 1)
    }
  }

  @Test("Strings that are written without an expiry get the default one, and only those")
  func defaultTTL() async throws {
    try await LayeredStack.with(Layers { $0.turnEverythingOn() }) { stack in
      let client = try stack.client()
      func life(_ key: String) throws -> Int64 {
        guard case .integer(let life) = try client.run(["PTTL", key]) else { throw TestFailure("no PTTL") }
        return life
      }
      let writes: [[String]] = [
        ["SET", "k", "v"], ["SETNX", "k", "v"], ["GETSET", "k", "v"], ["MSET", "a", "1", "k", "v"],
        ["MSETNX", "k", "v", "b", "2"], ["INCR", "k"], ["DECRBY", "k", "5"], ["INCRBYFLOAT", "k", "1.5"],
        ["APPEND", "k", "v"], ["SETRANGE", "k", "3", "v"], ["SET", "k", "v", "GET"],
        ["SET", "k", "v", "KEEPTTL"], ["SET", "k", "v", "GET", "KEEPTTL"],
        ["SET", "k", "v", "KEEPTTL", "NX"],
      ]
      for write in writes {
        try client.run(["DEL", "k", "a", "b"])
        if case .error(let text) = try client.run(write) { throw TestFailure("\(write): \(text)") }
        #expect((1_700_000...1_800_000).contains(try life("k")), "\(write)")
      }
      try client.run(["DEL", "k"])
      #expect(try client.run(["SET", "k", "v", "KEEPTTL", "XX"]) == .null)
      #expect(try client.run(["SET", "k", "v", "KEEPTTL", "GET"]) == .null)
      #expect(try client.run(["SET", "k", "w", "KEEPTTL", "GET"]).text == "v")
      #expect(try client.run(["SET", "k", "x", "KEEPTTL", "NX"]) == .null)
      #expect(try client.run(["GET", "k"]).text == "w")
      for write in [["SET", "f", "v", "KEEPTTL", "PX"], ["SET", "f", "v", "KEEPTTL", "FOO"]] {
        guard case .error = try client.run(write) else { throw TestFailure("\(write) was taken") }
        #expect(try client.run(["EXISTS", "f"]) == .integer(0), "\(write)")
      }
      for write in [["SET", "k", "v", "EX", "9"], ["SETEX", "k", "9", "v"], ["SET", "k", "v", "KEEPTTL"]] {
        try client.run(write)
        #expect((1...9000).contains(try life("k")), "\(write)")
      }
      // What is there stays as it is when it is changed in place.
      for write in [["APPEND", "k", "w"], ["SETRANGE", "k", "0", "w"]] {
        try client.run(write)
        #expect((1...9000).contains(try life("k")), "\(write)")
      }
      try client.run(["SET", "n", "1", "EX", "9"])
      try client.run(["INCR", "n"])
      #expect((1...9000).contains(try life("n")))
      try client.run(["HSET", "h", "f", "v"])
      #expect(try life("h") == -1)
      // A refused step must not leave a number that nobody wrote.
      for write in [
        ["INCRBY", "no", "x"], ["INCRBYFLOAT", "no", "nan"], ["DECRBY", "no", "-9223372036854775808"],
      ] {
        guard case .error = try client.run(write) else { throw TestFailure("\(write) was taken") }
        #expect(try client.run(["EXISTS", "no"]) == .integer(0), "\(write)")
      }
    }
  }

  @Test("A prefix keeps the keys of others out of sight, and out of reach")
  func prefix() async throws {
    try await LayeredStack.with(Layers { $0.keyPrefix = Array("p?:".utf8) }) { stack in
      let (layered, direct) = try (stack.client(), stack.direct())
      for index in 0..<2500 { try direct.run(["SET", "px:\(index)", "other"]) }
      #expect(try layered.run(["RANDOMKEY"]) == .null)
      for index in 0..<2500 { try layered.run(["SET", "\(index)", "own"]) }
      #expect(try direct.run(["GET", "p?:7"]).text == "own")
      #expect(try layered.run(["DBSIZE"]) == .integer(2500))
      var seen: Set<String> = []
      var cursor = "0"
      repeat {
        guard case .array(let parts) = try layered.run(["SCAN", cursor, "MATCH", "*9", "COUNT", "100"]),
          parts.count == 2, case .array(let keys) = parts[1]
        else { throw TestFailure("no page") }
        cursor = parts[0].text ?? "0"
        seen.formUnion(keys.compactMap(\.text))
      } while cursor != "0"
      #expect(seen.count == 250 && seen.allSatisfy { $0.hasSuffix("9") && !$0.contains("p") })
      guard case .array(let keys) = try layered.run(["KEYS", "1?"]) else { throw TestFailure("no keys") }
      #expect(Set(keys.compactMap(\.text)) == Set((10...19).map { "\($0)" }))
      #expect(Int(try layered.run(["RANDOMKEY"]).text ?? "") != nil)
      #expect(try layered.run(["FLUSHALL"]) == .status("OK"))
      #expect(try layered.run(["DBSIZE"]) == .integer(0))
      #expect(try direct.run(["DBSIZE"]) == .integer(2500))
    }
  }

  @Test("Replies that name keys name them as the client knows them")
  func keyedReplies() async throws {
    try await LayeredStack.with(Layers { $0.keyPrefix = Array("p:".utf8) }) { stack in
      let client = try stack.client()
      func texts(_ reply: Reply) -> String {
        guard case .array(let items) = reply else { return reply.text ?? "-" }
        return "[" + items.map(texts).joined(separator: " ") + "]"
      }
      try client.run(["RPUSH", "l", "1"])
      #expect(texts(try client.run(["LMPOP", "2", "x", "l", "LEFT"])) == "[l [1]]")
      try client.run(["ZADD", "z", "1", "m"])
      #expect(texts(try client.run(["ZMPOP", "2", "x", "z", "MIN"])) == "[z [[m 1]]]")
      for key in ["s", "t"] { try client.run(["XADD", key, "1-1", "f", "v"]) }
      #expect(
        texts(try client.run(["XREAD", "STREAMS", "s", "t", "0", "0"]))
          == "[[s [[1-1 [f v]]]] [t [[1-1 [f v]]]]]")
      try client.run(["XGROUP", "CREATE", "s", "g", "0"])
      #expect(
        texts(try client.run(["XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"])) == "[[s [[1-1 [f v]]]]]"
      )
    }
  }

  @Test("What no layer can keep right is refused, names the layers, and is counted")
  func refusals() async throws {
    try await LayeredStack.with(Layers { $0.turnEverythingOn() }) { stack in
      let client = try stack.client()
      let refused = [
        ["NOSUCHCOMMAND", "k"], ["EVAL", "return 1", "0"], ["MULTI"], ["SELECT", "1"], ["SUBSCRIBE", "c"],
        ["SORT", "k", "BY", "w_*"], ["BLPOP", "k", "1"],
      ]
      for command in refused {
        guard case .error(let text) = try client.run(command) else {
          throw TestFailure("\(command) was taken")
        }
        #expect(text.hasPrefix("ERR sluice: the layers of"), "\(text)")
      }
      #expect(await stack.server.status().refused == UInt64(refused.count))
      #expect(try client.run(["PING"]) == .status("PONG"))
    }
  }
}
