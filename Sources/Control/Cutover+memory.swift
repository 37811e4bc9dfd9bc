import Dispatch
import SluiceFlags
import SluiceJournal
import SluiceRouting
import Synchronization

/// What a restart must know: it stands in memory that is mapped to a file before anybody is answered (`InForceRecord`).
extension Cutover {
  /// Where it stands, or why it does not.
  final class Memory: Sendable {
    private let record: InForceRecord?
    /// Why there is none.
    private let reason: String?
    private let isTending = Atomic<Bool>(false)

    init(_ journal: SuspectJournal?, error: String?) {
      record = journal?.inForce
      reason =
        record == nil
        ? journal?.inForceFailure?.description ?? error ?? "serve has no --ledger to keep it beside" : nil
    }

    /// Why a restart would not know what was in force; nil if it would.
    var trouble: String? { reason ?? record?.failure?.description }

    /// What a start has found stands there from the start on.
    func keep(_ start: FlagStart) {
      keep(
        start.isGood ? start.definition.source : [], start.ownLatch?.own(hasFile: start.hadLatchFile),
        lifted: start.lifted)
    }

    func keep(_ definition: [UInt8], _ latch: SluiceJournal.InForce.Latch?, lifted: RollbackLatch.Mark?) {
      record?.change { value in
        // Until every lane has told how it is in the new routing, anything may be.
        if value.definition != definition || (value.latch == nil) != (latch == nil) {
          value.strayed = Set(StackID.allCases)
        }
        (value.definition, value.latch, value.lifted) = (definition, latch, lifted?.words ?? [])
      }
    }

    /// Looks after the file, and brings it to the disk, away from whoever calls: a disk may hang.
    func tend() {
      guard let record, !isTending.exchange(true, ordering: .acquiringAndReleasing) else { return }
      DispatchQueue.global(qos: .utility).async { [self] in
        record.tend()
        isTending.store(false, ordering: .releasing)
      }
    }
  }

  /// Writes down what is wanted. No disk is waited for.
  func remember() {
    memory.keep(
      isGood ? definition.source : [], ownLatch?.own(hasFile: latch?.wasThere ?? false), lifted: lifted)
  }
}
