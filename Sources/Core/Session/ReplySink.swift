/// Where the reply to a command goes: a client, or the half-made answer of a command that was split.
///
/// Confined to the event loop number `home`. Other loops only hold a reference and hand replies over with
/// `Lane.deliver`, which crosses to the home loop; that is the proof behind `@unchecked Sendable`.
package class ReplySink: @unchecked Sendable {
  /// Index of the loop that may touch this object.
  let home: Int
  /// What its commands want the link to be. A client's changes only while it waits for no reply, so that a command's sink says at
  /// every moment, and on every loop, in which protocol its reply must be.
  final var tail: LinkTail

  init(home: Int, tail: LinkTail = .resp2) {
    self.home = home
    self.tail = tail
  }

  /// Takes one reply, whole and framed. `slot` is the number the sink gave to the command.
  func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {}

  /// Takes the reply to command `slot` before its bytes are there, if it is its turn to be written out; the caller then
  /// appends them, in the order of its claims, before anything else reaches the sink: what an event sets off that answers clients
  /// runs behind the event (`Lane.doubtEverything`). False: nothing was done.
  func claim(_ slot: UInt32) -> Bool { false }

  /// The bytes of replies that were claimed.
  func append(_ replies: Span<UInt8>) {}

  /// The client that waits for the reply; nil where the lane asks on its own behalf. May be asked for on any loop; what is
  /// inside belongs to its home.
  var client: ClientSession? { nil }

  /// Takes the news that no reply will come. Only for what the lane asks on its own behalf: clients get an error reply.
  func replyFailed(slot: UInt32) {}

  /// Nobody will wait for the end of a copy (`Errand.Role.copy`) that is on its way.
  func copyIsDoubtful(slot: UInt32) {}
}
