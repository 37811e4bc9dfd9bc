import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient

/// Clients that write and read values of other types than strings, until they are told to stop, or for so many writes.
final class TypedLoad: Sendable {
  enum Kind: String, CaseIterable {
    /// All types, half of the commands reads.
    case everything
    /// `ZINCRBY` by a fraction.
    case fractions
    /// Elements that are moved to and fro between a few lists and sets, by everybody.
    case moves
    /// Fields, elements and bits that are added.
    case updates
  }

  private let stopping = Atomic(false)
  private let commands = Atomic(0)
  private let trouble = Mutex<String?>(nil)
  private let threads = DispatchGroup()

  private init() {}

  /// - Parameter writes: how many there are in all; nil goes on until `stop`.
  static func start(
    _ endpoint: RedisEndpoint, _ kind: Kind, connections: Int, writes: Int? = nil, seed: UInt64
  ) -> TypedLoad {
    let load = TypedLoad()
    for index in 0..<connections {
      load.threads.enter()
      let thread = Thread {
        load.run(endpoint, kind, count: writes.map { $0 / connections }, seed: seed &+ UInt64(index))
        load.threads.leave()
      }
      thread.start()
    }
    return load
  }

  func stop() { stopping.store(true, ordering: .relaxed) }

  /// - Returns: how many commands there were.
  /// - Throws: `BenchError` if a client had trouble.
  func finish() throws -> Int {
    threads.wait()
    if let trouble = trouble.withLock({ $0 }) { throw BenchError(trouble) }
    return commands.load(ordering: .relaxed)
  }

  private static let atOnce = 8

  private func run(_ endpoint: RedisEndpoint, _ kind: Kind, count: Int?, seed: UInt64) {
    do {
      let client = try RedisClient(endpoint)
      var generator = SplitMix64(seed: seed)
      var done = 0
      while !stopping.load(ordering: .relaxed), count.map({ done < $0 }) ?? true {
        for _ in 0..<Self.atOnce {
          let line = Self.line(of: kind, &generator)
          try client.append(line.split(separator: " ").map { Array($0.utf8) })
        }
        for _ in 0..<Self.atOnce { _ = try client.reply() }
        done += Self.atOnce
        commands.add(Self.atOnce, ordering: .relaxed)
      }
    } catch {
      trouble.withLock { $0 = "a client of other types failed: \(error)" }
    }
  }

  private static func line(of kind: Kind, _ generator: inout SplitMix64) -> String {
    func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
    let lines =
      switch kind {
      case .everything: writes + reads
      case .fractions: ["ZINCRBY z:K 0.1 mE", "ZADD z:K INCR 0.25 mE"]
      case .moves:
        [
          "RPOPLPUSH {l}K {l}L", "LMOVE {l}K {l}L LEFT RIGHT", "LMOVE {l}K {l}L RIGHT LEFT",
          "SMOVE {t}K {t}L mE",
          "RPUSH {l}K N", "SADD {t}K mE",
        ]
      case .updates:
        [
          "HSET u:h:K fE N", "HINCRBY u:h:K nE 1", "SADD u:s:K mE", "ZADD u:z:K N mE", "RPUSH u:l:K N",
          "LTRIM u:l:K 0 50", "SETBIT u:b:K N 1", "APPEND u:a:K x", "INCR u:n:K", "SETRANGE u:a:K 0 y",
        ]
      }
    let line = lines[number(0..<lines.count)]
    let words = line.split(separator: " ")
    var made = words.first.map(String.init) ?? ""
    // Words behind the name end in a sign where there is a place in them: which key, which other key, which element, which number.
    for word in words.dropFirst() {
      made += " "
      switch word.last {
      case "K"?, "L"?: made += word.dropLast() + "\(number(0..<20))"
      case "E"?: made += word == "E" ? "\(number(0..<30))" : word.dropLast() + "\(number(0..<30))"
      case "N"? where word == "N": made += "\(number(0..<1000))"
      default: made += word
      }
    }
    return made
  }

  private static let writes = [
    "ZINCRBY z:K 0.1 mE", "ZADD z:K N mE", "ZREM z:K mE", "HSET h:K fE N", "HINCRBYFLOAT h:K gE 0.3",
    "HDEL h:K fE", "SADD s:K mE", "SADD i:K N", "SREM s:K mE", "RPUSH q:K N", "LPUSH q:K N", "LTRIM q:K 0 40",
    "GEOADD g:K 13.361389 38.115556 mE", "XADD x:K MAXLEN 20 * f N", "SETBIT b:K N 1", "PFADD p:K N",
    "INCRBYFLOAT c:K 0.1", "APPEND a:K v", "SETRANGE a:K 3 w", "DEL a:K", "DEL q:K", "EXPIRE z:K 1000",
    "SUNIONSTORE {s}:u:K {s}:K {s}:L", "SADD {s}:K mE", "RPOPLPUSH {q}:K {q}:L", "RPUSH {q}:K N",
    "LTRIM {q}:K 0 30",
  ]

  private static let reads = [
    "ZRANGE z:K 0 -1 WITHSCORES", "ZREVRANGE z:K 0 -1 WITHSCORES", "ZRANGEBYSCORE z:K -inf +inf WITHSCORES",
    "ZSCORE z:K mE",
    "ZMSCORE z:K mE mE", "ZRANK z:K mE", "ZCARD z:K", "ZCOUNT z:K 10 500", "HGETALL h:K", "HGET h:K gE",
    "HKEYS h:K",
    "HVALS h:K", "HLEN h:K", "HMGET h:K fE gE", "SMEMBERS s:K", "SMEMBERS i:K", "SISMEMBER s:K mE",
    "SCARD i:K",
    "LRANGE q:K 0 -1", "LLEN q:K", "LINDEX q:K 3", "LPOS q:K N", "GEOPOS g:K mE mE", "GEODIST g:K mE mE",
    "GEOSEARCH g:K FROMLONLAT 13.36 38.11 BYRADIUS 200 km ASC WITHDIST WITHCOORD", "XRANGE x:K - +",
    "XLEN x:K",
    "GETBIT b:K N", "BITCOUNT b:K", "BITPOS b:K 1", "PFCOUNT p:K", "GET c:K", "GET a:K", "STRLEN a:K",
    "TTL z:K", "PTTL z:K", "TYPE z:K", "EXISTS q:K", "SUNION {s}:K {s}:L", "SINTER {s}:K {s}:L",
    "SMEMBERS {s}:u:K", "LRANGE {q}:K 0 -1",
  ]
}
