import SluiceRedisClient

/// Compares the times of hash fields, which no reply with the whole value tells.
struct FieldTimes {
  let legacy: StackClient
  let new: StackClient
  let times: (legacy: ServerTimes, new: ServerTimes)
  /// Milliseconds that two times may lie apart.
  let tolerance: Int64

  /// Fields that are asked for at a time, and small hashes.
  private static let atOnce = 1000
  private static let keysAtOnce = 64

  /// The hashes of which some field expires on one server and not, or at another time, on the other.
  ///
  /// - Parameters:
  ///   - small: are read whole, many at a time.
  ///   - big: are read in pieces.
  func differing(small: [[UInt8]], big: [[UInt8]]) throws(Failure) -> Set<[UInt8]> {
    guard times.legacy.ofFields || times.new.ofFields else { return [] }
    var different: Set<[UInt8]> = []
    let open = try mayHaveSome(small)
    for start in stride(from: 0, to: open.count, by: FieldTimes.keysAtOnce) {
      let some = Array(open[start..<min(start + FieldTimes.keysAtOnce, open.count)])
      different.formUnion(try differing(small: some))
    }
    for key in big where try differs(big: key) { different.insert(key) }
    return different
  }

  /// Those of either server: what has expired on one counts for none.
  private var reader: StackClient { times.legacy.ofFields ? legacy : new }

  /// A hash in one block of memory has no such times: Redis calls such a block otherwise (`listpackex`), and Valkey makes a table of it.
  private func mayHaveSome(_ keys: [[UInt8]]) throws(Failure) -> [[UInt8]] {
    guard !keys.isEmpty else { return [] }
    var open: Set<Int> = []
    for (client, times) in [(legacy, times.legacy), (new, times.new)] where times.ofFields {
      var questions = FramedCommands()
      for key in keys { questions.add("OBJECT", Array("ENCODING".utf8), then: client.name(of: key)) }
      try client.begin(questions)
      for index in keys.indices where try !client.withReply(StackClient.isOneBlock) { open.insert(index) }
    }
    return open.sorted().map { keys[$0] }
  }

  private func differing(small keys: [[UInt8]]) throws(Failure) -> [[UInt8]] {
    let names = try reader.all(keys.map { ValueReader.command("HKEYS", key: $0) })
    var asked: [(key: [UInt8], fields: [[UInt8]])] = []
    for (key, reply) in zip(keys, names) {
      guard case .array(let found) = reply, !found.isEmpty else { continue }
      asked.append((key, found.compactMap(\.bytes)))
    }
    let one = try ask(asked, legacy, times.legacy)
    let other = try ask(asked, new, times.new)
    return asked.indices.filter { !areEqual(one[$0], other[$0]) }.map { asked[$0].key }
  }

  private func differs(big key: [UInt8]) throws(Failure) -> Bool {
    var cursor = Array("0".utf8)
    repeat {
      let page = try reader.all([
        ValueReader.command(
          "HSCAN", key: key, [String(decoding: cursor, as: UTF8.self), "COUNT", "\(FieldTimes.atOnce)"])
      ])
      guard case .array(let parts)? = page.first, parts.count == 2, let next = parts[0].bytes,
        case .array(let found) = parts[1]
      else { return false }
      cursor = next
      let fields = stride(from: 0, to: found.count - 1, by: 2).compactMap { found[$0].bytes }
      guard !fields.isEmpty else { continue }
      let one = try ask([(key, fields)], legacy, times.legacy)
      let other = try ask([(key, fields)], new, times.new)
      if one != other, !areEqual(one.first ?? [], other.first ?? []) { return true }
    } while cursor != Array("0".utf8)
    return false
  }

  /// The times of each key's fields.
  private func ask(
    _ asked: [(key: [UInt8], fields: [[UInt8]])], _ client: StackClient, _ times: ServerTimes
  ) throws(Failure) -> [[Int64]] {
    guard times.ofFields else { return asked.map { $0.fields.map { _ in -1 } } }
    let replies = try client.all(
      asked.map {
        ValueReader.command("HPEXPIRETIME", key: $0.key, ["FIELDS", "\($0.fields.count)"]) + $0.fields
      })
    return zip(asked, replies).map { asked, reply in
      guard case .array(let answers) = reply, answers.count == asked.fields.count else {
        return asked.fields.map { _ in -2 }
      }
      return answers.map { if case .integer(let time) = $0 { times.byOurClock(time) } else { -2 } }
    }
  }

  private func areEqual(_ one: [Int64], _ other: [Int64]) -> Bool {
    let now = ServerTimes.now()
    return one.count == other.count
      && zip(one, other).allSatisfy { left, right in
        if left < 0 || right < 0 {
          // Gone on one, about to go on the other.
          return left == right
            || max(left, right) > 0 && min(left, right) == -2 && max(left, right) - now <= tolerance
        }
        return abs(left - right) <= tolerance
      }
  }
}
