import Foundation
import SluiceCache
import SluiceEvidence
import SluiceFigures
import SluiceLedger
import SluiceRESP
import SluiceRouting

/// The account of evidence, as the proxy's: it stands in the ledger and goes on over restarts, as long as the routing is the same; and what
/// is known to differ is known whatever is in force.
extension RoutedCore {
  /// Goes on with what the ledger knows.
  func recall(_ cutover: inout Cutover) {
    guard let before = ledger?.before else { return }
    cutover.evidence.recall(before)
    guard let record = before.account else { return }
    let entries = before.known.compactMap { known -> OpenDivergences.Entry? in
      guard !known.key.isEmpty, let command = RoutedCommand(name: known.command) else { return nil }
      return .init(
        question: known.question, kind: known.kind, command: command.rawValue, key: known.key,
        legacy: known.legacy, new: known.new, closed: known.closed)
    }
    let listed = UInt64(entries.count { $0.closed == nil })
    known.withLock {
      $0.mean(record.known.closings)
      for entry in entries { $0.recall(entry) }
      $0.recall(unlisted: record.known.count - min(record.known.count, listed))
    }
    countOpen(&cutover)
    cutover.evidence.recall(paused: record.paused, said: record.said)
    guard record.routing == cutover.routing.identity(cutover.definition) else { return }
    cutover.accountBegan = record.beganAt
    cutover.evidence.resume(Account(record))
  }

  func countOpen(_ cutover: inout Cutover) {
    (cutover.evidence.open, cutover.evidence.openIsLeast) = known.withLock { ($0.count, $0.unlisted > 0) }
  }

  /// Writes down how the account stands.
  ///
  /// - Parameter isDue: also if nothing is news of which a restart must know at once.
  func writeAccount(_ cutover: inout Cutover, isDue: Bool) {
    let (list, version, closings) = known.withLock { known in
      (known.version == cutover.written ? nil : known.list, known.version, known.closings)
    }
    guard let ledger, isDue || list != nil || cutover.evidence.isUneasy else { return }
    var record = AccountRecord(
      beganAt: cutover.accountBegan, routing: cutover.routing.identity(cutover.definition),
      position: cutover.position)
    record.take(cutover.evidence, by: cutover.definition.guardrails)
    record.known = .init(
      list: list ?? known.withLock { $0.list }, count: cutover.evidence.open ?? 0,
      isLeast: cutover.evidence.openIsLeast)
    (record.known.closings, record.known.version) = (closings, version)
    ledger.record(record)
    cutover.written = version
  }

  // MARK: What differs

  /// Both stacks gave the same answer.
  func agreed(_ reading: Reading, _ key: String) {
    known.withLock { if !$0.isEmpty { $0.agreed(about: Self.digest(reading.question, key)) } }
    let now = nanoseconds()
    meter.withLock { meter in
      guard meter.isAlert else { return }
      meter.agreed(Digest(Array(key.utf8).span).value, isOfNew: reading.primary == .new, at: now)
    }
  }

  /// They did not, and again when they were asked again. Whether somebody has said that they are not to.
  func isMeant(
    _ kind: DivergenceKind, _ question: Reading.Question, _ key: String, _ legacy: Reading.Answer,
    _ new: Reading.Answer
  ) -> Bool {
    let name = Array(key.utf8)
    return known.withLock { known in
      guard kind.isAboutData else { return known.isMeant(kind, name) }
      return known.differed(
        .init(
          question: Self.digest(question, key), kind: kind, command: question.command.rawValue, key: name,
          legacy: legacy.evidence.map { Digest($0.span).value } ?? 0,
          new: new.evidence.map { Digest($0.span).value } ?? 0))
    }
  }

  private static func digest(_ question: Reading.Question, _ key: String) -> UInt64 {
    Digest(Array("\(question.command.name) \(key)".utf8).span).value
  }

  /// Somebody answers for all that is open, and for a pause.
  func closeFindings(reason: String, who: String) throws(CacheError) -> String {
    guard !reason.isEmpty else { throw CacheError(.validation, "say why: it is written down") }
    let (open, paused) = cutover.withLock { cutover in
      collect(&cutover)
      let before = (cutover.evidence.open ?? 0, cutover.evidence.paused)
      known.withLock { $0.close(because: reason) }
      countOpen(&cutover)
      cutover.evidence.close()
      writeAccount(&cutover, isDue: true)
      return before
    }
    let pause = paused.map { ", the pause (\($0))" } ?? ""
    decided(who, .closed, "\(open) divergences\(pause): \(reason)")
    return "closed: \(open) divergences that were open\(paused == nil ? "" : ", and the pause")"
  }

  func decided(_ who: String, _ action: DecisionRecord.Action, _ words: String, _ finding: Finding? = nil) {
    ledger?.record(
      DecisionRecord(
        who: who, action, step: describe(), signal: finding?.signal.rawValue ?? "", bad: finding?.bad,
        total: finding?.total, limit: finding?.limit, words: words))
  }
}

extension RoutedCommand {
  fileprivate init?(name: String) {
    guard let found = [Self.get, .set, .delete, .exists, .ttl, .invalidate].first(where: { $0.name == name })
    else {
      return nil
    }
    self = found
  }
}
