import Foundation
import SluiceAssessment
import SluiceCopying
import SluiceRedisClient

/// Looks at some keys of a server that others are using: by `SCAN`, at a bounded rate, for a bounded time, and without a write.
struct KeySampling {
  struct Limits {
    let keys: Int
    /// Keys a second.
    let rate: Int
    let seconds: Int
  }

  private let client: RedisClient
  private let limits: Limits
  private var gait: SampleGait
  private(set) var sample: KeySample?
  /// What the server would not tell.
  private(set) var refused: [String] = []
  private var tellsMemory = true
  private var tellsEncoding = true
  /// Asking does not change how recently a key was used. Where it would, as little as possible is asked.
  private var leavesNoTrace = false
  private let bounds = (elements: CopyBounds().dumpElements, bytes: CopyBounds().dumpBytes)

  init(_ client: RedisClient, limits: Limits, _ survey: ServerSurvey) {
    self.client = client
    self.limits = limits
    gait = SampleGait(rate: limits.rate)
  }

  mutating func run() throws(RedisError) {
    guard limits.keys > 0 else { return }
    // Since 7.2; it is this connection's own affair.
    leavesNoTrace = try client.command("CLIENT", "NO-TOUCH", "ON") == .status("OK")
    var size: Int?
    if case .integer(let number) = try client.command("DBSIZE") { size = Int(number) }
    var sample = KeySample(database: client.endpoint.database, size: size)
    let end = ContinuousClock.now + .seconds(limits.seconds)
    var cursor = Array("0".utf8)
    repeat {
      let began = ContinuousClock.now
      let page = try client.command([Array("SCAN".utf8), cursor, Array("COUNT".utf8), Array("100".utf8)])
      guard case .array(let parts) = page, parts.count == 2, let next = parts[0].bytes,
        case .array(let found) = parts[1]
      else {
        refused.append("its keys (SCAN)")
        return
      }
      cursor = next
      let keys = found.compactMap(\.bytes).filter { !HiddenName.isOne($0) }
      for start in stride(from: 0, to: keys.count, by: Self.atOnce) {
        for key in try look(at: Array(keys[start..<min(start + Self.atOnce, keys.count)])) {
          sample.add(key, bounds: bounds)
        }
      }
      sample.isComplete = cursor == Array("0".utf8)
      self.sample = sample
      let took = (ContinuousClock.now - began) / .seconds(1)
      Thread.sleep(forTimeInterval: gait.rest(after: max(1, keys.count), took: took))
    } while !sample.isComplete && sample.count < limits.keys && ContinuousClock.now < end
      && !Interruption.hasCome
  }

  private static let atOnce = 100
  /// In a smaller value nothing can be large.
  private static let smallBytes = 64 << 10

  private mutating func look(at keys: [[UInt8]]) throws(RedisError) -> [KeySample.Key] {
    for key in keys {
      try client.append(words("TYPE", key))
      try client.append(words("PTTL", key))
      if tellsMemory { try client.append([Array("MEMORY".utf8), Array("USAGE".utf8), key]) }
      if tellsEncoding { try client.append([Array("OBJECT".utf8), Array("ENCODING".utf8), key]) }
    }
    // Both may change with an answer, and the questions are out.
    let (asksMemory, asksEncoding) = (tellsMemory, tellsEncoding)
    var seen: [KeySample.Key] = []
    for key in keys {
      let type = try client.reply()
      var one = KeySample.Key(name: key, type: type.text ?? "")
      if case .integer(let left) = try client.reply() { one.left = Int(left) }
      if asksMemory {
        switch try client.reply() {
        case .integer(let bytes): one.bytes = Int(bytes)
        case .error: note("the memory of keys (MEMORY USAGE)", \.tellsMemory)
        default: break
        }
      }
      if asksEncoding {
        switch try client.reply() {
        case .string(let text): one.encoding = String(decoding: text, as: UTF8.self)
        case .error(let text) where !text.contains("no such key"):
          note("encodings (OBJECT ENCODING)", \.tellsEncoding)
        default: break
        }
      }
      if case .error = type { continue }
      // Expired since.
      if one.type != "none", one.left != -2 { seen.append(one) }
    }
    try measure(&seen)
    if leavesNoTrace { try lookAtFields(&seen) }
    return seen
  }

  private mutating func note(_ what: String, _ tells: WritableKeyPath<Self, Bool>) {
    if self[keyPath: tells] { refused.append(what) }
    self[keyPath: tells] = false
  }

  /// How long the large ones are.
  private func measure(_ keys: inout [KeySample.Key]) throws(RedisError) {
    let large = keys.indices.filter { place in
      guard Self.lengths[keys[place].type] != nil else { return false }
      return keys[place].bytes.map { $0 > Self.smallBytes } ?? leavesNoTrace
    }
    for place in large {
      try client.append(words(Self.lengths[keys[place].type] ?? "EXISTS", keys[place].name))
    }
    for place in large {
      if case .integer(let length) = try client.reply() { keys[place].length = Int(length) }
    }
  }

  /// Whether some field of a hash expires, by a few of its fields.
  private func lookAtFields(_ keys: inout [KeySample.Key]) throws(RedisError) {
    let hashes = keys.indices.filter { keys[$0].type == "hash" }
    for place in hashes { try client.append(words("HRANDFIELD", keys[place].name) + [Array("16".utf8)]) }
    var asked: [Int] = []
    var questions: [[[UInt8]]] = []
    for place in hashes {
      guard case .array(let fields) = try client.reply() else { continue }
      let names = fields.compactMap(\.bytes)
      guard !names.isEmpty else { continue }
      asked.append(place)
      questions.append(
        words("HPTTL", keys[place].name) + [Array("FIELDS".utf8), Array("\(names.count)".utf8)] + names)
    }
    for question in questions { try client.append(question) }
    for place in asked {
      // An error: the server has no such times.
      guard case .array(let times) = try client.reply() else { continue }
      keys[place].hasFieldTimes = times.contains {
        if case .integer(let left) = $0 { left >= 0 } else { false }
      }
    }
  }

  private static let lengths = [
    "string": "STRLEN", "list": "LLEN", "set": "SCARD", "zset": "ZCARD", "hash": "HLEN", "stream": "XLEN",
  ]

  private func words(_ name: String, _ key: [UInt8]) -> [[UInt8]] { [Array(name.utf8), key] }
}
