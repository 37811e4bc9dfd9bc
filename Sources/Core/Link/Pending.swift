/// A command that was sent to a stack and has no reply yet, as the connection's queue remembers it.
///
/// A plain value, so that it moves through the queue as bytes: `sink` is kept alive by a reference that `send` takes and
/// `StackConnection.next` gives back.
struct Pending: BitwiseCopyable {
  /// Why it was sent.
  enum Role: UInt8, BitwiseCopyable {
    /// A client waits for this reply.
    case primary
    /// A write that the primary has acknowledged, on its way to the mirror.
    case mirroredWrite
    /// A read that the primary has answered, repeated on the mirror to compare.
    case comparedRead
    /// Asked by the lane itself: a difference is looked at again (`Recheck`), a key is copied (`Repair`).
    case recheck
    /// A key's copy, sent by the lane itself to the mirror so that a suspect is none any more.
    case repair
    /// A key's deletion, sent by the lane itself ahead of a command that must not meet a suspect.
    case purge
    /// A key's copy whose end the sink wants to know: for an order of an operator, or a fill. Refused, it has changed nothing.
    case copy
    /// Behind an update whose reply does not tell what it found: what both stacks hold of the key. The primary is asked first (its
    /// sequel is `compare`), the mirror at the place in the log where the primary has answered.
    case proof
    /// Nobody's command: on a link that has been idle, whether anybody is there. The answer is swallowed.
    case question
    /// `MULTI`, or a command inside of a transaction: the stack queues it, and its answer is swallowed. The client waits for that of
    /// `EXEC`, a `primary`.
    case queued
    /// Brings the link to the tail that the command behind it wants (`LinkTail`). The answer is swallowed; a refusal ends the link.
    case turn

    /// No reply to it is missed by anybody.
    var isNobodys: Bool { rawValue >= Role.question.rawValue }
  }

  /// What the lane does with the command once the primary has answered.
  enum Sequel: UInt8, BitwiseCopyable {
    case none, mirror, compare
    /// A miss is filled from the other stack before it is answered; what is none is passed on, or compared.
    case fill, fillOrCompare

    var mayFill: Bool { rawValue >= Sequel.fill.rawValue }
  }

  var sink: Unmanaged<ReplySink>?
  var slot: UInt32
  /// The command's row in the table.
  var command: UInt16
  var role: Role
  var sequel: Sequel
  /// Bytes of the request.
  var bytes: UInt32 = 0
  /// Whether the request's bytes stand at the front of the connection's `kept` queue when its reply comes.
  var isKept = false
  /// In which state of the link it is answered. Unless said otherwise the lane asks in RESP2, which is what its readers know.
  var tail = LinkTail.resp2
  /// When it was sent, in nanoseconds of the loop's coarse clock.
  var sentAt: UInt64
  /// For a compared read: length and digest of the primary's reply. For a primary: how long it was held before it was sent.
  var primaryLength: UInt32 = 0
  /// For a write that is mirrored, and for its mirrored effect: where the lane's journal has recorded it.
  var recorded: UInt32 = 0
  /// For the deletion of a suspect: the mark that it had. For a proof: the primary's answer.
  var primaryDigest: UInt64 = 0
}

extension Pending {
  /// How long its client had waited when a primary was sent, in nanoseconds: 0 unless something has held it, and else at least 1 µs.
  var held: UInt64 { UInt64(primaryLength) &* 1000 }

  /// For ``primaryLength``.
  ///
  /// - Parameter since: when its client began to wait; 0 is when it is sent.
  static func held(since: UInt64, sentAt now: UInt64) -> UInt32 {
    since == 0 ? 0 : UInt32(clamping: max(1, (now &- since) / 1000))
  }
}
