import Foundation
import SluiceCommands
import SluiceEvidence
import SluiceFigures
import SluiceFlags
import SluiceLedger
import SluiceRouting

/// The account of evidence outlives the process: it stands in the ledger, and the same routing goes on with it.
extension Cutover {
  /// Goes on with what the ledger knows, if that is of the routing in force; what is known to differ is known whatever is in force.
  func recall(_ before: Ledger.Before?) async {
    guard let before, let record = before.account else { return }
    let entries = before.known.filter { !$0.key.isEmpty }.map { known in
      OpenDivergences.Entry(
        question: known.question, kind: known.kind,
        command: UInt16(truncatingIfNeeded: CommandTable.shared.lookup(Array(known.command.utf8).span)),
        key: known.key)
    }
    let listed = UInt64(entries.count)
    await proxy.recallDivergences(entries, unlisted: record.known.count - min(record.known.count, listed))
    evidence.open = record.known.count
    guard record.routing == inForce.snapshot.identity(definition) else { return }
    accountBegan = record.beganAt
    evidence.resume(Account(record))
  }

  /// Writes down how the account stands.
  func writeAccount() async {
    guard let ledger else { return }
    let known = await proxy.openDivergences()
    var record = AccountRecord(
      beganAt: accountBegan, routing: inForce.snapshot.identity(inForce.definition), position: effective)
    record.take(evidence.account())
    record.known = .init(list: known.list, count: known.count)
    let standing = standing(await surroundings())
    record.next = standing.next
    record.gates = standing.gates.map {
      .init(name: $0.name, now: $0.now, needed: $0.needed, missing: $0.missing, isAgainst: $0.isAgainst)
    }
    let guardrails = inForce.definition.guardrails
    record.scores = Guardrails.Name.allCases.map { name in
      let (rail, test) = (guardrails[name], evidence.tests[name] ?? Cusum())
      return .init(
        signal: name.rawValue, score: min(test.score, 1000), bad: test.bad, total: test.total,
        healthy: rail.healthy,
        broken: rail.broken, reaction: rail.reaction.rawValue)
    }
    ledger.record(record)
    written = (known.count, false)
  }
}

extension RoutingSnapshot {
  /// A text that is the same for the same routing, over restarts: `isSameRouting` for one who has not both.
  func identity(_ definition: FlagDefinition) -> String {
    func text(_ bucketing: Bucketing) -> String {
      // What the hash makes of one key tells it from others.
      "\(bucketing.share.threshold)/\(bucketing.hash.hash(of: Array("sluice".utf8).span))"
    }
    let keys = cohort.plainBucketing.map(text) ?? "rules \(definition.version)"
    return "\(stage.name) \(keys) \(text(sample))\(isRolledBack ? " rolled back" : "")"
  }
}

extension Account {
  fileprivate init(_ record: AccountRecord) {
    self.init()
    seconds = record.seconds
    (compare, warmed) = (record.compare, record.warmed)
    let other = record.kinds.values.reduce(0, &+)
    kinds = record.kinds
    // Of the rest only the number is known; what is open of it is known one by one.
    kinds[.value] = record.compare.diverged - min(record.compare.diverged, other)
    (operations, failures, keys) = (record.operations, record.failures, record.keys)
    isVerified = record.isVerified
    (paused, forced) = (record.paused, record.forced)
    pace = [.read: record.readPace, .write: record.writePace]
    for score in record.scores {
      guard let name = Guardrails.Name(rawValue: score.signal) else { continue }
      tests[name] = Cusum(score: score.score, bad: score.bad, total: score.total)
    }
  }
}

extension AccountRecord {
  fileprivate mutating func take(_ account: Account) {
    seconds = account.seconds
    (compare, kinds, warmed) = (account.compare, account.kinds, account.warmed)
    (operations, failures, keys) = (account.operations, account.failures, account.keys)
    isVerified = account.isVerified
    (paused, forced) = (account.paused, account.forced)
    (readPace, writePace) = (account.pace[.read] ?? 0, account.pace[.write] ?? 0)
  }
}
