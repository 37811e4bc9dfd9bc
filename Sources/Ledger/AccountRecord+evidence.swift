import Foundation
import SluiceEvidence
import SluiceFigures
import SluiceFlags

extension Account {
  /// As it was written down.
  public init(_ record: AccountRecord) {
    self.init()
    seconds = record.seconds
    (compare, warmed) = (record.compare, record.warmed)
    let other = record.kinds.values.reduce(0, &+)
    kinds = record.kinds
    // Of the rest only the number is known; what is open of it is known one by one.
    kinds[.value] = record.compare.diverged - min(record.compare.diverged, other)
    (operations, failures, keys) = (record.operations, record.failures, record.keys)
    isVerified = record.isVerified
    (paused, forced, said) = (record.paused, record.forced, record.said)
    (slots, slowSlots) = (record.slots, record.slowSlots)
    pace = [.read: record.readPace, .write: record.writePace]
    for score in record.scores {
      guard let name = Guardrails.Name(rawValue: score.signal) else { continue }
      tests[name] = Cusum(score: score.score, bad: score.bad, total: score.total)
    }
  }
}

extension Evidence {
  /// Looks back beyond the beginning of this process, at what the ledger has of the last hour.
  ///
  /// What was compared the gates know from the account, where it is also known what new was brought since.
  public mutating func recall(_ before: Ledger.Before, at now: Date = Date()) {
    before.tenSeconds.forEachWindow(before: now) { recall(recent: $1, secondsAgo: $0) }
    before.minutes.forEachWindow(before: now) { recall(minute: $1, secondsAgo: $0) }
  }
}

extension AccountRecord {
  /// Takes over how the evidence stands, and how near the guardrails are.
  public mutating func take(_ evidence: Evidence, by guardrails: Guardrails) {
    let account = evidence.account()
    seconds = account.seconds
    (compare, kinds, warmed) = (account.compare, account.kinds, account.warmed)
    (operations, failures, keys) = (account.operations, account.failures, account.keys)
    isVerified = account.isVerified
    (paused, forced, said) = (account.paused, account.forced, account.said)
    (slots, slowSlots) = (account.slots, account.slowSlots)
    (readPace, writePace) = (account.pace[.read] ?? 0, account.pace[.write] ?? 0)
    scores = Guardrails.Name.allCases.map { name in
      let (rail, test) = (guardrails[name], account.tests[name] ?? Cusum())
      return .init(
        signal: name.rawValue, score: min(test.score, 1000), bad: test.bad, total: test.total,
        healthy: rail.healthy, broken: rail.broken, reaction: rail.reaction.rawValue)
    }
  }
}
