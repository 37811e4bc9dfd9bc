import Foundation
import Ledger
import Proxy
import RESP

extension DivergenceSample {
  /// - Parameter previews: hand over the replies' bytes; the ledger caps them.
  init(_ divergence: Divergence, previews: Bool) {
    func reply(_ bytes: [UInt8]) -> Reply {
      Reply(digest: Digest(bytes.span).value, length: bytes.count, preview: previews ? bytes : nil)
    }
    self.init(
      at: Date(), kind: divergence.kind, command: divergence.command, key: divergence.key,
      legacy: reply(divergence.legacy), new: reply(divergence.new),
      firstDifference: divergence.firstDifference)
  }
}
