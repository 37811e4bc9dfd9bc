import SluiceRESP

/// Whether fields of a hash that expire explain why two servers said different things of it.
///
/// A field has a time of its own since Redis 7.4 and Valkey 9. Each server removes what has expired at its own moment, and counts it
/// until then (`HLEN`): two right servers differ for as long. So the fields that only one of them has are asked for their times: if all are
/// over, or within the tolerance of being over, nothing is different.
struct FieldLook {
  enum Step: Equatable {
    /// Ask both stacks this, the primary first.
    case ask([[UInt8]])
    /// Fields that expire are all that differs.
    case explained
    case different
  }

  /// What is known of the fields.
  private enum Knowledge {
    /// The fields that only one stack has.
    case differing([[UInt8]])
    /// All fields of both must be asked for.
    case asking
    /// A key that only one stack has: some of its fields tell whether all have expired.
    case sampling
  }

  private let key: [UInt8]
  private var knowledge: Knowledge
  private var fields: [[UInt8]] = []
  /// More than this is not asked for because of one number.
  private static let most = 10_000
  private static let sample = "32"

  /// Nil if fields cannot explain it.
  ///
  /// - Parameters:
  ///   - words: of the read; its key is the first.
  ///   - isMissing: one stack has no such key.
  init?(_ words: [[UInt8]], legacy: [UInt8], new: [UInt8], isMissing: Bool) {
    guard words.count > 1 else { return nil }
    key = words[1]
    if isMissing {
      knowledge = .sampling
      return
    }
    switch String(decoding: words[0], as: UTF8.self).uppercased() {
    case "HLEN":
      guard let left = ReplyReader.integer(legacy.span), let right = ReplyReader.integer(new.span),
        max(left, right) <= FieldLook.most
      else { return nil }
      knowledge = .asking
    case "HVALS":
      guard let left = ReplyReader.elements(of: legacy.span), let right = ReplyReader.elements(of: new.span),
        max(left.count, right.count) <= FieldLook.most
      else { return nil }
      knowledge = .asking
    case "HKEYS":
      guard let left = FieldLook.names(legacy), let right = FieldLook.names(new) else { return nil }
      knowledge = .differing(Array(Set(left).symmetricDifference(right)))
    case "HGETALL":
      guard let left = FieldLook.pairs(legacy), let right = FieldLook.pairs(new) else { return nil }
      var differing: [[UInt8]] = []
      for field in Set(left.keys).union(right.keys) where left[field] != right[field] {
        // A field that both have, with two values, is a difference.
        guard left[field] == nil || right[field] == nil else { return nil }
        differing.append(field)
      }
      knowledge = .differing(differing)
    case "HGET", "HSTRLEN", "HEXISTS":
      guard words.count == 3, FieldLook.isNothing(legacy.span) != FieldLook.isNothing(new.span) else {
        return nil
      }
      knowledge = .differing([words[2]])
    case "HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME":
      guard let left = ReplyReader.elements(of: legacy.span), let right = ReplyReader.elements(of: new.span),
        left.count == right.count, left.count == words.count - 4
      else { return nil }
      // One of them has no such field any more.
      let gone = left.indices.filter { legacy[left[$0]] != new[right[$0]] }
      guard
        gone.allSatisfy({
          ReplyReader.integer(legacy.span.extracting(left[$0])) == -2
            || ReplyReader.integer(new.span.extracting(right[$0])) == -2
        })
      else { return nil }
      knowledge = .differing(gone.map { words[$0 + 4] })
    case "HMGET":
      guard let left = ReplyReader.elements(of: legacy.span), let right = ReplyReader.elements(of: new.span),
        left.count == right.count, left.count == words.count - 2
      else { return nil }
      var differing: [[UInt8]] = []
      for index in left.indices where legacy[left[index]] != new[right[index]] {
        guard
          FieldLook.isNothing(legacy.span.extracting(left[index]))
            != FieldLook.isNothing(new.span.extracting(right[index]))
        else { return nil }
        differing.append(words[index + 2])
      }
      knowledge = .differing(differing)
    default: return nil
    }
  }

  /// What to do first.
  mutating func start() -> Step {
    switch knowledge {
    case .asking: .ask([Array("HKEYS".utf8), key])
    case .sampling: .ask([Array("HRANDFIELD".utf8), key, Array(FieldLook.sample.utf8)])
    case .differing(let names): askForTimes(names)
    }
  }

  /// Both stacks have answered.
  ///
  /// - Parameters:
  ///   - now: each stack's clock, in milliseconds since 1970.
  ///   - edge: how many milliseconds away an expiry may be.
  mutating func answered(legacy: [UInt8], new: [UInt8], now: (legacy: Int64, new: Int64), edge: Int) -> Step {
    guard fields.isEmpty else { return judge(legacy, new, now, edge) }
    // Another type, or a key that is gone: nothing to ask about.
    guard let left = FieldLook.names(legacy), let right = FieldLook.names(new) else { return .different }
    return askForTimes(Array(Set(left).symmetricDifference(right)))
  }

  private mutating func askForTimes(_ names: [[UInt8]]) -> Step {
    switch knowledge {
    // The same fields: only what was counted, and has expired, can have differed.
    case .asking where names.isEmpty: return .explained
    // Nothing is left of it.
    case .sampling where names.isEmpty: return .explained
    case .differing where names.isEmpty: return .different
    default: break
    }
    guard names.count <= FieldLook.most else { return .different }
    fields = names
    return .ask(
      [Array("HPEXPIRETIME".utf8), key, Array("FIELDS".utf8), Array("\(names.count)".utf8)] + names)
  }

  private func judge(_ legacy: [UInt8], _ new: [UInt8], _ now: (legacy: Int64, new: Int64), _ edge: Int)
    -> Step
  {
    guard let left = times(legacy), let right = times(new) else { return .different }
    for (one, other) in zip(left, right) {
      guard FieldLook.isOver(one, now.legacy, edge), FieldLook.isOver(other, now.new, edge) else {
        return .different
      }
    }
    return .explained
  }

  /// Gone, or about to be; -1 is for ever.
  private static func isOver(_ time: Int, _ now: Int64, _ edge: Int) -> Bool {
    time == -2 || (time >= 0 && Int64(time) <= now &+ Int64(max(0, edge)))
  }

  /// What `HPEXPIRETIME` says of each field; that a key is not there is said of each.
  private func times(_ reply: [UInt8]) -> [Int]? {
    guard let places = ReplyReader.elements(of: reply.span) else { return nil }
    let times = places.compactMap { ReplyReader.integer(reply.span.extracting($0)) }
    return times.count == fields.count ? times : nil
  }

  // MARK: Replies

  /// No value, no length, no such field.
  private static func isNothing(_ reply: Span<UInt8>) -> Bool {
    ReplyReader.isNull(reply) || ReplyReader.integer(reply) == 0
  }

  private static func names(_ reply: [UInt8]) -> [[UInt8]]? {
    if ReplyReader.isNull(reply.span) { return [] }
    return ReplyReader.elements(of: reply.span)?.map { Array(reply[$0]) }.compactMap { element in
      ReplyReader.string(element.span).map { Array(element[$0]) }
    }
  }

  private static func pairs(_ reply: [UInt8]) -> [[UInt8]: [UInt8]]? {
    guard let names = names(reply), names.count % 2 == 0 else { return nil }
    var pairs: [[UInt8]: [UInt8]] = [:]
    for index in stride(from: 0, to: names.count, by: 2) { pairs[names[index]] = names[index + 1] }
    return pairs
  }
}
