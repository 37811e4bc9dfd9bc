import Dispatch
import Foundation
import SluiceLedger

/// What the ledger says to those who look at the door: read on a thread of its own, so that a slow disk holds nobody else up.
final class LedgerPages: Sendable {
  private let queue = DispatchQueue(label: "sluice.pages")

  /// - Parameters:
  ///   - path: nil where no ledger is kept.
  ///   - since: rows whose `at` is before it are left out.
  /// - Returns: an object with an array per question, and `ledger`: why there is nothing, or null.
  func json(_ sections: [Report.Section], of path: String?, since: String? = nil, limit: Int = 100) async
    -> String
  {
    guard let path else { return #"{"ledger":"none is kept; serve --ledger sluice.db keeps one"}"# }
    let found = try? await queue.run {
      do throws(LedgerError) {
        let reader = try LedgerReader(path: path)
        return try reader.json(sections, since: since, limit: limit)
      } catch {
        return #"{"ledger":\#(Self.quoted("\(error)"))}"#
      }
    }
    return found ?? "{}"
  }

  private static func quoted(_ text: String) -> String {
    let data = (try? JSONEncoder().encode(text)) ?? Data("\"\"".utf8)
    return String(decoding: data, as: UTF8.self)
  }
}
