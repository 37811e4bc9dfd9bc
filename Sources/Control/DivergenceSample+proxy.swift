import Foundation
import SluiceLedger
import SluiceProxy

extension DivergenceSample {
  /// - Parameter previews: hand over the replies' bytes; the ledger caps them.
  init(_ divergence: Divergence, previews: Bool) {
    func reply(_ answer: Divergence.Answer) -> Reply {
      Reply(digest: answer.digest, length: answer.length, preview: previews ? answer.bytes : nil)
    }
    self.init(
      at: Date(), kind: divergence.kind, command: divergence.command, key: divergence.key,
      legacy: divergence.legacy.map(reply), new: divergence.new.map(reply),
      firstDifference: divergence.firstDifference)
  }
}
