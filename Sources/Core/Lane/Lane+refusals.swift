import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting

/// What is refused, and that it is counted: an application may swallow the error, and then nobody else knows.
extension Lane {
  /// Keys of one command on both stacks (law 8).
  func refuseBothSides(_ spec: CommandSpec, sink: ReplySink, slot: UInt32) {
    if spec.isTransaction {
      countRefusal(multi, Lane.crossStack, of: sink)
      return refuse(
        "EXECABORT sluice: the keys of this transaction are on both stacks just now; give them one hash tag, as in {user1}:a {user1}:b, "
          + "to keep them together; nothing of it was executed", sink: sink, slot: slot)
    }
    countRefusal(spec.id, Lane.crossStack, of: sink)
    refuse(
      "CROSSSTACK sluice: the keys of \(spec.name) are on both stacks just now and it cannot be split; "
        + "give them one hash tag, as in {user1}:a {user1}:b, to keep them together", sink: sink, slot: slot)
  }

  /// A script touches keys by their beginning.
  func refusePrefix(_ prefix: [UInt8], sink: ReplySink, slot: UInt32) {
    countRefusal(evalSHA, Lane.crossStack, of: sink)
    let text = String(
      decoding: prefix.prefix(40).map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    let keys = prefix.isEmpty ? "any keys" : "keys that begin with '\(text)'"
    refuse(
      "CROSSSTACK sluice: this script touches \(keys), and these may be on both stacks just now; a rule of the flag that begins "
        + "as they do keeps them on one", sink: sink, slot: slot)
  }

  /// At its end, where Redis refuses a transaction that cannot run; counted under the word by which people know it.
  func refuseTransaction(_ refusal: Refusal, sink: ReplySink, slot: UInt32) {
    countRefusal(multi, refusal.rawValue, of: sink)
    refuse(refusal.abortMessage, sink: sink, slot: slot)
  }

  /// Legacy stands in for new, for reads alone.
  func refuseToWrite(_ spec: CommandSpec, sink: ReplySink, slot: UInt32) {
    countRefusal(spec.id, Lane.readsOnly, of: sink)
    refuse(readsOnlyMessage, sink: sink, slot: slot)
  }

  /// Counts one refusal for the client behind `sink`, on that client's own lane.
  private func countRefusal(_ command: Int, _ reason: String, of sink: ReplySink) {
    guard let client = sink.client else { return }
    if client.home == index { return client.countRefusal(command, reason) }
    guard peers.indices.contains(client.home) else { return }
    want(.post(peers[client.home]) { client.countRefusal(command, reason) })
  }

  /// A command that one of the two servers may lack: it is counted, and a read that the mirror's server would not carry out is not
  /// repeated there. What a write did is told as far as the mirror can be told, and copied else.
  func heedOneSided(
    _ spec: CommandSpec, _ frame: Span<UInt8>, _ sequel: Errand.Sequel, _ primary: StackID, _ sink: ReplySink
  ) -> Errand.Sequel {
    let count = ReplyReader.count(frame) ?? 0
    let (legacy, new) = (spec.isKnown(to: .legacy, count: count), spec.isKnown(to: .new, count: count))
    // Neither takes it: the primary says why.
    guard legacy != new else { return sequel }
    let reason = LaneFigures.lacking(legacy ? .new : .legacy)
    if let client = sink.client {
      if client.home == index {
        client.countLack(spec.id, reason)
      } else if peers.indices.contains(client.home) {
        want(.post(peers[client.home]) { client.countLack(spec.id, reason) })
      }
    }
    switch sequel {
    case .none, .mirror: return sequel
    case .compare, .fillOrCompare, .fill:
      if sequel != .fill { figures.compare.ignore(.oneSided) }
      return .none
    }
  }

  private static let crossStack = "cross_stack"
  private static let readsOnly = "fallback"
}

extension Refusal {
  /// The same for `EXEC`.
  var abortMessage: String {
    "EXECABORT \(message.dropFirst("ERR ".count)); nothing of it was executed"
  }
}

extension ClientSession {
  /// Answers with a refusal, and counts it under the command.
  func refuse(_ refusal: Refusal, _ spec: CommandSpec) {
    countRefusal(spec.id, refusal.rawValue)
    answerError(refusal.message)
  }

  /// Counts a command that a stack's server does not have.
  func countLack(_ command: Int, _ reason: String) {
    lane.figures.lacks.record(
      RefusalCounts.Place(command: UInt16(truncatingIfNeeded: command), reason: reason), at: lane.wallClock,
      client: whoIsThis())
  }

  func countRefusal(_ command: Int, _ reason: String) {
    lane.figures.refusals.record(
      RefusalCounts.Place(command: UInt16(truncatingIfNeeded: command), reason: reason), at: lane.wallClock,
      client: whoIsThis())
  }
}
