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
    guard let before else { return }
    evidence.recall(before)
    guard let record = before.account else { return }
    // A name that is hashed in the ledger is nobody's any more; of those only the number is known.
    let entries = before.known.filter { !$0.key.isEmpty }.map { known in
      OpenDivergences.Entry(
        question: known.question, kind: known.kind,
        command: UInt16(truncatingIfNeeded: CommandTable.shared.lookup(Array(known.command.utf8).span)),
        key: known.key, legacy: known.legacy, new: known.new, closed: known.closed)
    }
    let listed = UInt64(entries.count { $0.closed == nil })
    closings = record.known.closings
    await proxy.recallDivergences(
      entries, unlisted: record.known.count - min(record.known.count, listed), closings: closings)
    await countOpen()
    evidence.recall(paused: record.paused, said: record.said)
    guard record.routing == inForce.snapshot.identity(definition) else { return }
    accountBegan = record.beganAt
    evidence.resume(Account(record))
  }

  /// Writes down how the account stands.
  func writeAccount() async {
    guard let ledger else { return }
    let known = await proxy.knownDivergences(withList: true)
    var record = AccountRecord(
      beganAt: accountBegan, routing: inForce.snapshot.identity(inForce.definition), position: effective)
    record.take(evidence, by: inForce.definition.guardrails)
    record.known = .init(list: known.list, count: known.open, isLeast: known.isLeast)
    (record.known.closings, record.known.version) = (closings, known.version)
    let standing = standing(await surroundings())
    record.next = standing.next
    record.gates = standing.gates.map {
      .init(name: $0.name, now: $0.now, needed: $0.needed, missing: $0.missing, isAgainst: $0.isAgainst)
    }
    ledger.record(record)
    written = (known.open, known.version, false)
  }
}
