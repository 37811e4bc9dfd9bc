import SluiceCopying
import SluiceRedisClient

/// Which keys are small, so that reading all of one holds nobody up.
extension StackClient {
  /// Keys by what is known of them.
  struct Sizes {
    /// Small ones, by type.
    var small: [ValueKind: [[UInt8]]] = [:]
    var others: [[UInt8]] = []
  }

  /// Asks for the types and sizes of keys.
  func bySize(_ keys: [[UInt8]]) throws(Failure) -> Sizes {
    var sizes = Sizes()
    guard !keys.isEmpty else { return sizes }
    var questions = FramedCommands()
    for key in keys {
      let name = name(of: key)
      questions.add("TYPE", name)
      questions.add("OBJECT", Array("ENCODING".utf8), then: name)
    }
    try begin(questions)
    // A small number of types, each met very often.
    var unweighed: [(key: [UInt8], kind: ValueKind)] = []
    for key in keys {
      let kind = try withReply(StackClient.kind)
      let isOneBlock = try withReply(StackClient.isOneBlock)
      switch kind {
      // Its length shows when it is read: never more than is small.
      case .string: sizes.small[.string, default: []].append(key)
      case .hash, .set, .sortedSet, .list:
        if isOneBlock { sizes.small[kind, default: []].append(key) } else { unweighed.append((key, kind)) }
      case .none, .stream, .other: sizes.others.append(key)
      }
    }
    guard !unweighed.isEmpty else { return sizes }
    questions.removeAll()
    for (key, kind) in unweighed {
      let name = name(of: key)
      switch kind {
      case .hash: questions.add("HLEN", name)
      case .set: questions.add("SCARD", name)
      case .sortedSet: questions.add("ZCARD", name)
      default: questions.add("LLEN", name)
      }
      questions.add("MEMORY", Array("USAGE".utf8), then: name)
    }
    try begin(questions)
    for (key, kind) in unweighed {
      let count = try withReply { $0.integer } ?? .max
      let bytes = try withReply { $0.integer } ?? .max
      if count <= SmallCopy.elements, bytes <= SmallCopy.bytes {
        sizes.small[kind, default: []].append(key)
      } else {
        sizes.others.append(key)
      }
    }
    return sizes
  }

  private static func kind(_ type: ReplyView) -> ValueKind {
    if type.bytes.elementsEqual("string".utf8) { return .string }
    return ValueKind(name: String(decoding: type.bytes, as: UTF8.self))
  }

  /// Whether the encoding is by its nature short.
  static func isOneBlock(_ encoding: ReplyView) -> Bool {
    encoding.length != nil
      && ["listpack", "ziplist", "intset"].contains { encoding.bytes.elementsEqual($0.utf8) }
  }
}
