import SluiceRESP

/// In which state the next command on a link will find the server, and in which state a command wants it: so far the version of the
/// protocol, which `HELLO` changes in its place in the pipeline.
///
/// A pure value: `StackConnection` says the words that it returns, and the database that `SELECT` changes will be a part of it.
struct LinkTail: Equatable, BitwiseCopyable {
  var wire: Wire

  static let resp2 = LinkTail(wire: .resp2)
  static let resp3 = LinkTail(wire: .resp3)
  /// Of a command: as the link is. Of a link: unknown, and is said again before anything else.
  static let any = LinkTail(wire: .any)

  /// What a command will find that wants `wanted`.
  @inline(__always)
  func resolved(for wanted: LinkTail) -> LinkTail {
    guard wanted.wire == .any else { return wanted }
    return wire == .any ? .resp2 : self
  }

  /// The command that brings a link there.
  var words: [UInt8] { wire == .resp3 ? LinkTail.hello3 : LinkTail.hello2 }

  private static let hello2 = InlineRequest.frame(of: [Array("HELLO".utf8), Array("2".utf8)])
  private static let hello3 = InlineRequest.frame(of: [Array("HELLO".utf8), Array("3".utf8)])
}
