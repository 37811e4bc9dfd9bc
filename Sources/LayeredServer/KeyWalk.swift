import SluiceCacheLayers
import SluiceRESP

/// Somebody who can send commands one after another, each when the one before was answered.
protocol Asking: AnyObject {
  func ask(_ words: [[UInt8]], _ answered: @escaping (Span<UInt8>) -> Void)
}

/// Walks over the keys of one prefix, page by page.
enum KeyWalk {
  /// - Parameters:
  ///   - page: gets the keys of a page, as stored, and a closure that goes on.
  ///   - done: nil at the end, or the endpoint's error.
  static func run(
    prefix: [UInt8], through asking: any Asking, from cursor: [UInt8] = [UInt8(ascii: "0")],
    page: @escaping ([[UInt8]], @escaping () -> Void) -> Void, done: @escaping ([UInt8]?) -> Void
  ) {
    let words = ["SCAN", "", "MATCH", "", "COUNT", "1000"].map { Array($0.utf8) }
    asking.ask([words[0], cursor, words[2], KeyPrefix(prefix).pattern(), words[4], words[5]]) {
      [weak asking] reply in
      guard let asking else { return }
      guard let (next, keys) = KeyWalk.page(of: reply) else { return done(reply.array) }
      page(keys.filter { $0.starts(with: prefix) }) { [weak asking] in
        guard let asking, next != [UInt8(ascii: "0")] else { return done(nil) }
        run(prefix: prefix, through: asking, from: next, page: page, done: done)
      }
    }
  }

  static func unlinkAll(
    prefix: [UInt8], through asking: any Asking, done: @escaping ([UInt8]?) -> Void
  ) {
    run(
      prefix: prefix, through: asking,
      page: { [weak asking] keys, goOn in
        guard let asking, !keys.isEmpty else { return goOn() }
        asking.ask([Array("UNLINK".utf8)] + keys) { reply in
          if reply[0] == UInt8(ascii: "-") { done(reply.array) } else { goOn() }
        }
      }, done: done)
  }

  /// Cursor and keys of a reply to `SCAN`; nil for an error.
  static func page(of reply: Span<UInt8>) -> ([UInt8], [[UInt8]])? {
    guard let parts = ReplyReader.elements(of: reply), parts.count == 2 else { return nil }
    guard let cursor = text(reply.extracting(parts[0])) else { return nil }
    return (cursor, strings(reply.extracting(parts[1])))
  }

  /// The strings of an array.
  static func strings(_ reply: Span<UInt8>) -> [[UInt8]] {
    var strings: [[UInt8]] = []
    for element in ReplyReader.elements(of: reply) ?? [] {
      if let string = text(reply.extracting(element)) { strings.append(string) }
    }
    return strings
  }

  private static func text(_ reply: Span<UInt8>) -> [UInt8]? {
    ReplyReader.string(reply).map { reply.extracting($0).array }
  }
}
