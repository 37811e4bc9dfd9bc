import SluiceRedisClient

/// Compares keys of both stacks by asking the servers themselves, many keys at a time. What it finds may be a write on its way
/// from one stack to the other: it is a reason to look again, not yet a difference.
struct KeyComparer {
  let legacy: StackClient
  let new: StackClient
  /// What each server knows of times.
  let times: (legacy: ServerTimes, new: ServerTimes)
  /// Milliseconds that two expiries may lie apart.
  let tolerance: Int64
  /// Whether dumps are worth asking for (KeyComparer+quick.swift).
  var dumps = Luck()

  init(legacy: StackClient, new: StackClient, tolerance: Int64) throws(Failure) {
    self.legacy = legacy
    self.new = new
    self.tolerance = tolerance
    times = (try ServerTimes(of: legacy), try ServerTimes(of: new))
  }

  /// What seems to differ, and whether the value is so large that it was read in pieces.
  struct Suspicion {
    let key: [UInt8]
    let kind: KeyDifference
    let isBig: Bool
  }

  /// A key as far as one round of questions tells.
  private struct Sight {
    var type: String
    var expiry: Int64
    var size: Int64 = 0

    /// Too large to be read in one piece: a server that answers for millions of elements answers nobody else meanwhile.
    var isBig: Bool { type == "string" ? size > 1 << 20 : size > 1000 }
  }

  mutating func compare(_ keys: [[UInt8]]) throws(Failure) -> [Suspicion] {
    let open = try unsettled(keys)
    return open.isEmpty ? [] : try compareAtLength(open)
  }

  private func compareAtLength(_ keys: [[UInt8]]) throws(Failure) -> [Suspicion] {
    let left = try look(at: keys, on: legacy, times.legacy)
    let right = try look(at: keys, on: new, times.new)
    var suspicions: [Suspicion] = []
    var whole: [Int] = []
    func suspect(_ index: Int, _ kind: KeyDifference, isBig: Bool = false) {
      suspicions.append(Suspicion(key: keys[index], kind: kind, isBig: isBig))
    }
    var big: [Int] = []
    for index in keys.indices {
      let (one, other) = (left[index], right[index])
      switch (one.type, other.type) {
      case ("none", "none"): break
      case ("none", _): suspect(index, .missingInLegacy)
      case (_, "none"): suspect(index, .missingInNew)
      case (let type, let otherType) where type != otherType: suspect(index, .type)
      // A hash counts fields that have expired until its server finds them.
      case _ where one.size != other.size && !(mayCountExpired(one) && mayCountExpired(other)):
        suspect(index, .value, isBig: one.isBig || other.isBig)
      case _ where one.isBig: big.append(index)
      default: whole.append(index)
      }
    }
    let hashes = { (some: [Int]) in some.filter { left[$0].type == "hash" }.map { keys[$0] } }
    let fieldTimes = try FieldTimes(legacy: legacy, new: new, times: times, tolerance: tolerance)
      .differing(small: hashes(whole), big: hashes(big))
    for start in stride(from: 0, to: whole.count, by: KeyComparer.valuesAtOnce) {
      let some = Array(whole[start..<min(start + KeyComparer.valuesAtOnce, whole.count)])
      let commands = some.map { ValueReader.whole(left[$0].type, keys[$0]) }
      let (values, others) = (try legacy.all(commands), try new.all(commands))
      for (number, index) in some.enumerated() {
        if !ValueReader.areEqual(left[index].type, values[number], others[number]) {
          suspect(index, .value)
        } else if !haveEqualTimes(left[index], right[index]) || fieldTimes.contains(keys[index]) {
          suspect(index, .ttl)
        }
      }
    }
    for index in big {
      if try !ValueReader.areEqualInPieces(left[index].type, keys[index], legacy, new) {
        suspect(index, .value, isBig: true)
      } else if !haveEqualTimes(left[index], right[index]) || fieldTimes.contains(keys[index]) {
        suspect(index, .ttl)
      }
    }
    return suspicions
  }

  private func mayCountExpired(_ sight: Sight) -> Bool {
    sight.type == "hash" && !sight.isBig && (times.legacy.ofFields || times.new.ofFields)
  }

  private func haveEqualTimes(_ one: Sight, _ other: Sight) -> Bool {
    if one.expiry < 0 || other.expiry < 0 { return one.expiry == other.expiry }
    return abs(one.expiry - other.expiry) <= tolerance
  }

  private func look(
    at keys: [[UInt8]], on client: StackClient, _ times: ServerTimes
  ) throws(Failure) -> [Sight] {
    let question = Array((times.areAbsolute ? "PEXPIRETIME" : "PTTL").utf8)
    let replies = try client.all(keys.flatMap { [[Array("TYPE".utf8), $0], [question, $0]] })
    let now = ServerTimes.now()
    var sights = try stride(from: 0, to: replies.count, by: 2).map { (index) throws(Failure) in
      guard let type = replies[index].text, case .integer(let expiry) = replies[index + 1] else {
        let text = [replies[index], replies[index + 1]].compactMap(\.text).joined(separator: "; ")
        throw Failure(
          .unavailable,
          "\(client.endpoint) cannot be compared: \(Output.printable(text))")
      }
      return Sight(
        type: type, expiry: times.areAbsolute || expiry < 0 ? times.byOurClock(expiry) : now + expiry)
    }
    let sized = sights.indices.filter { ValueReader.size(sights[$0].type, keys[$0]) != nil }
    let sizes = try client.all(sized.compactMap { ValueReader.size(sights[$0].type, keys[$0]) })
    for (index, size) in zip(sized, sizes) {
      // An error: the key has become another since. The next look will tell.
      if case .integer(let number) = size { sights[index].size = number }
    }
    return sights
  }

  static let valuesAtOnce = 64
}
