import Foundation
import SluiceEvidence
import SluiceFigures
import SluiceLedger
import SluiceProxy

/// What is known against new, and who answers for it.
extension Cutover {
  /// Of what an order to close speaks.
  struct Meant: Equatable, Sendable {
    /// Nil is any.
    var kind: DivergenceKind?
    /// Nil is any.
    var keys: [UInt8]?

    /// All that is open now, and a pause; else all that is or will be like it.
    var isEverything: Bool { kind == nil && keys == nil }
  }

  /// How many differences are open.
  func countOpen() async {
    let known = await proxy.knownDivergences(withList: false)
    (evidence.open, evidence.openIsLeast) = (known.open, known.isLeast)
    if known.version != written.version { written.isOld = true }
  }

  /// Somebody answers for what is known against new: for what is open now, and a pause, or for a kind of differences or some keys.
  func close(_ meant: Meant = Meant(), reason: String, who: String) async throws(Refused) -> String {
    guard !reason.isEmpty else { throw Refused("say why: CLOSE reason") }
    guard meant.isEverything else { return try await mean(meant, reason, who) }
    await collect()
    let open = openText
    let paused = evidence.paused
    await proxy.closeDivergences(because: reason)
    await countOpen()
    evidence.close()
    await note(.closed, "\(open) divergences\(paused.map { ", the pause (\($0))" } ?? ""): \(reason)", who)
    return "OK closed: \(open) divergences that were open\(paused == nil ? "" : ", and the pause"); "
      + "each is open again when it differs in another way"
  }

  private func mean(_ meant: Meant, _ reason: String, _ who: String) async throws(Refused) -> String {
    let closing = Closing(
      kind: meant.kind, keys: meant.keys ?? [UInt8(ascii: "*")], why: reason, who: who,
      at: Int64(Date().timeIntervalSince1970 * 1000))
    await collect()
    let others = closings.filter { !$0.isAbout(closing) }
    guard others.count < Closing.limit else {
      throw Refused(
        "\(Closing.limit) kinds of differences are closed; 'reopen' them, and close fewer that say more")
    }
    let before = evidence.open ?? 0
    closings = others + [closing]
    await proxy.mean(closings)
    await countOpen()
    if evidence.open == 0 { evidence.answered() }
    let closed = before - min(before, evidence.open ?? 0)
    let what = "\(meant.kind?.name ?? "all") of \(String(decoding: closing.keys, as: UTF8.self))"
    await note(.closed, "\(what), \(closed) that were open: \(reason)", who)
    return "OK closed: \(what) may differ until 'reopen'; \(closed) divergences were open, \(openText) are"
  }

  /// What was closed is open again: what is known at once, the rest when it is seen.
  func reopen(reason: String, who: String) async -> String {
    let rules = closings.count
    closings = []
    await proxy.openDivergences()
    await collect()
    await note(.reopened, "\(openText) divergences are open\(reason.isEmpty ? "" : ": \(reason)")", who)
    return
      "OK open again: \(openText) divergences\(rules == 0 ? "" : ", and what \(rules) closings have covered when it is seen")"
  }

  private var openText: String { "\(evidence.openIsLeast ? "at least " : "")\(evidence.open ?? 0)" }

  private func note(_ action: DecisionRecord.Action, _ words: String, _ who: String) async {
    decided(DecisionRecord(who: who, action, step: describe(), words: words))
    await writeAccount()
    logger.notice("\(action.rawValue) by \(who): \(words)")
  }
}
