import SluiceLoadGenerator
import Testing

/// Order of use, bounds and expiry, under a clock that only the test moves.
@Suite struct EngineTests {
  @Test func theLeastRecentlyUsedGoesFirst() {
    let engine = TestEngine(maxEntries: 3)
    _ = engine("MSET a 1 b 2 c 3")
    #expect(engine("GET a") == "$1|1|")
    #expect(engine("TTL b") == ":-1|")  // Asking for the TTL is no use of the key.
    #expect(engine("SET d 4") == "+OK|")
    #expect(engine("MGET a b c d") == "*4|$1|1|$-1|$1|3|$1|4|")
    #expect(engine("SET e 5") == "+OK|")
    #expect(engine("MGET a c d e") == "*4|$-1|$1|3|$1|4|$1|5|")
    #expect(engine.evictedKeys == 2)
    #expect(engine("INFO stats").contains("evicted_keys:2|keyspace_hits:8|keyspace_misses:2|"))
  }

  @Test func theOrderOfUseIsExact() {
    var random = SplitMix64(seed: 42)
    let engine = TestEngine(maxEntries: 50)
    var model: [Int] = []
    for _ in 0..<20_000 {
      let key = Int.random(in: 0..<120, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        #expect(engine("GET \(key)") == (model.contains(key) ? "$1|v|" : "$-1|"))
        if let at = model.firstIndex(of: key) { model.append(model.remove(at: at)) }
      case 1:
        #expect(engine("DEL \(key)") == (model.contains(key) ? ":1|" : ":0|"))
        model.removeAll { $0 == key }
      default:
        #expect(engine("SET \(key) v") == "+OK|")
        model.removeAll { $0 == key }
        model.append(key)
        if model.count > 50 { model.removeFirst() }
      }
    }
    #expect(engine.count == model.count)
  }

  @Test func bytesAreBounded() {
    var random = SplitMix64(seed: 7)
    let engine = TestEngine(maxBytes: 20_000)
    for _ in 0..<5000 {
      let key = Int.random(in: 0..<300, using: &random)
      let value = String(repeating: "x", count: Int.random(in: 1...900, using: &random))
      switch Int.random(in: 0..<4, using: &random) {
      case 0: _ = engine("APPEND \(key) \(value)")
      case 1: _ = engine("SETRANGE \(key) \(Int.random(in: 0..<900, using: &random)) \(value)")
      case 2: _ = engine("RENAME \(key) \(Int.random(in: 0..<300, using: &random))")
      default: _ = engine("SET \(key) \(value)")
      }
      #expect(engine.usedBytes <= 20_000)
    }
    #expect(engine.evictedKeys > 0)
    _ = engine("FLUSHALL")
    #expect(engine.usedBytes == 0)
    #expect(engine.count == 0)
  }

  @Test func anEntryLargerThanTheBoundIsRefused() {
    let engine = TestEngine(maxBytes: 1000)
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.|"
    let large = String(repeating: "x", count: 900)
    _ = engine("SET a old")
    #expect(engine("SET a \(large)") == oom)
    #expect(engine("SET a \(large) GET") == oom)
    #expect(engine("GETSET a \(large)") == oom)
    #expect(engine("APPEND a \(large)") == oom)
    #expect(engine("SETRANGE a 900 x") == oom)
    #expect(engine("SETRANGE fresh 500000000 x") == oom)
    #expect(engine("MSET b 1 a \(large)") == oom)
    #expect(engine("RENAME a \(large)") == oom)
    #expect(engine("MGET a b") == "*2|$3|old|$-1|")
  }

  @Test func expiryOnAccess() {
    let engine = TestEngine()
    _ = engine("SET a 1 PX 100")
    engine.now += 100
    #expect(engine("GET a") == "$1|1|")  // Through the millisecond of its expiry, as Redis.
    engine.now += 1
    #expect(engine("DBSIZE") == ":1|")
    #expect(engine("GET a") == "$-1|")
    #expect(engine("DBSIZE") == ":0|")
    #expect(engine.expiredKeys == 1)
  }

  @Test func theSweepFindsWhatNobodyAsksFor() {
    let engine = TestEngine()
    for index in 0..<1000 { _ = engine("SET \(index) v PX \(index + 1)") }
    _ = engine("SET stays v")
    engine.now += 501
    #expect(engine.sweep(budget: 300) == 300)
    #expect(engine.sweep(budget: 1000) == 200)
    #expect(engine.count == 501)
    engine.now += 1000
    #expect(engine.sweep(budget: 2000) == 500)
    #expect(engine("KEYS *") == "*1|$5|stays|")
    #expect(engine.usedBytes > 0)
  }

  @Test func connectionAndServerCommands() {
    let engine = TestEngine()
    #expect(
      engine("BLPOP l 0")
        == "-ERR sluice: the embedded memory engine has no command 'BLPOP'; use a Redis for this stack|")
    #expect(engine("get") == "-ERR wrong number of arguments for 'get' command|")
    #expect(engine("CLIENT ID") == ":7|")
    #expect(engine("CONFIG GET MaxMemory*s nosuch m?xmemory") == "*2|$9|maxmemory|$7|1048576|")
    #expect(engine("COMMAND") == "*0|")
    #expect(engine("TIME") == "*2|$10|1700000000|$1|0|")
    #expect(engine("QUIT") == "+OK|")
    #expect(engine.lastAfterReply == .close)
  }

  @Test func idleTime() {
    let engine = TestEngine()
    _ = engine("SET a 1")
    engine.now += 5000
    #expect(engine("OBJECT IDLETIME a") == ":5|")
    #expect(engine("TOUCH a") == ":1|")
    #expect(engine("OBJECT IDLETIME a") == ":0|")
  }

  /// Nothing that a client can say may trap. The replies are Redis' (the differential test compares them).
  @Test func hostileInputNeverTraps() {
    let numbers = [
      "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775807", "-1", "0",
      "",
      "18446744073709551616", "4294967296", "2147483648", "-2147483649", "9223372036854775",
      "-9223372036854775", "x",
      "536870912", "536870911", "1e4932", "-1e4932", "1e-4950", "0x", "inf", "nan", "--", "+", "\0", "9\0",
    ]
    let shapes = [
      "SETRANGE k # v", "SETRANGE none # v", "GETRANGE k # ~", "SUBSTR k # ~", "EXPIRE k #", "PEXPIRE k #",
      "EXPIREAT k #", "PEXPIREAT k # GT", "SET k # EX ~", "SET k # PX ~", "SET k # EXAT ~", "SET k # PXAT ~",
      "SETEX k # v", "PSETEX k # v", "GETEX k EX #", "GETEX k PXAT #", "INCRBY k #", "DECRBY k #", "INCR k",
      "DECR k", "INCRBYFLOAT k #", "SET k #", "SCAN #", "SCAN 0 COUNT #", "SCAN # COUNT ~ MATCH [",
      "SELECT #",
      "COPY k l DB #", "TTL k", "EXPIRETIME k", "PEXPIRETIME k", "OBJECT IDLETIME k", "CLIENT SETNAME #",
      "AUTH # ~",
      "RESTORE k # ~", "RESTORE new # x IDLETIME ~", "RESTORE new 0 x FREQ #", "DUMP #",
      "INFO #", "CONFIG GET #", "KEYS #", "COMMAND #", "OBJECT #", "# ~",
    ]
    let engine = TestEngine()
    for shape in shapes {
      for first in numbers {
        for second in numbers {
          let line = shape.replacing("#", with: first).replacing("~", with: second)
          let reply = engine(line)
          #expect(reply.hasSuffix("|"), "\(line)")
        }
      }
    }
  }

  @Test func namesThatOnlyLookAlikeAreUnknown() {
    let engine = TestEngine()
    for name in ["ge4", "g\u{5}t", "GET\0", "", "gett", "INCRBYFLOATINCRBYFLOAT", "ge\r\n"] {
      #expect(engine("\(name) a").hasPrefix("-ERR sluice: "))
      #expect(engine("\(name) a").split(separator: "|").count == 1)
    }
  }
}
