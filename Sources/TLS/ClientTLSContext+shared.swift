import Foundation
import SluiceLocks

extension ClientTLSContext {
  private struct Shared {
    var context: ClientTLSContext
    /// When each file was changed last, as its context has it.
    var changed: [Date?]
  }

  private static let all = Mutex<[ClientTLS: Shared]>([:])

  /// The context for these settings: the same for all connections until one of the files changes. May wait for a disk.
  ///
  /// - Throws: which file cannot be used, and why.
  public static func shared(_ settings: ClientTLS) throws(TLSFault) -> ClientTLSContext {
    let changed = [settings.ca, settings.certificate, settings.key].map { path in
      path.flatMap { try? FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date }
    }
    if let shared = all.withLock({ $0[settings] }), shared.changed == changed { return shared.context }
    let made = try ClientTLSContext(settings)
    all.withLock { $0[settings] = Shared(context: made, changed: changed) }
    return made
  }
}
