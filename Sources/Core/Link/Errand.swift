/// What was sent to a stack and has no reply yet, and what the reply will set off: as the connection's queue remembers it.
///
/// A plain value, so that it moves through the queue as bytes: `sink` is kept alive by a reference that `send` takes and
/// `StackConnection.next` gives back.
struct Errand: BitwiseCopyable {
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

  /// What must be known of it when its reply is there.
  enum Note: BitwiseCopyable {
    case nothing
    /// Something has held a client's command, for so many microseconds, before it was sent.
    case held(UInt32)
    /// The primary's answer, which the mirror's is held against.
    case answer(digest: UInt64, length: UInt32)
    /// The deletion of a suspect: the mark that this had.
    case mark(UInt64)
    /// A proof: what the primary has answered, and of which key (`OpenProofs`).
    case proof(answer: Int64, key: UInt32)
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
  /// For a write that is mirrored, and for its mirrored effect: where the lane's journal has recorded it.
  var recorded: UInt32 = 0
  var note = Note.nothing
}

extension Errand {
  /// How long its client had waited when it was sent, in nanoseconds: 0 unless something has held it, and else at least 1 µs.
  var held: UInt64 { if case .held(let micros) = note { UInt64(micros) &* 1000 } else { 0 } }

  /// - Parameter since: when its client began to wait; 0 is when it is sent.
  static func held(since: UInt64, sentAt now: UInt64) -> Note {
    since == 0 ? .nothing : .held(UInt32(clamping: max(1, (now &- since) / 1000)))
  }

  /// Of a proof.
  var provenKey: UInt32 { if case .proof(_, let key) = note { key } else { OpenProofs.several } }
}
