import Foundation
import Logging
import SluiceCache
import SluiceLoadGenerator
import SluiceRoutedCache
import SluiceTestSupport

/// Two spies with a routed cache before them, and files of their own.
final class Bed {
  let legacy: SpyCache
  let new: SpyCache
  let folder: ScratchFolder
  private(set) var cache: RoutedCache
  var flags: String { "\(folder.path)/flags/sluice.flagd.json" }
  var ledger: String { "\(folder.path)/sluice.db" }

  init(
    _ stage: String, percent: Int = 0, compare: Int = 100, isSlow: Bool = false, flags text: String? = nil,
    environment: [String: String] = [:], options: RoutedCache.Options = Bed.options
  ) throws {
    legacy = SpyCache(isSlow: isSlow)
    new = SpyCache(isSlow: isSlow)
    folder = try ScratchFolder()
    try Bed.makeFolder("\(folder.path)/flags")
    _ = try folder.write(
      "flags/sluice.flagd.json", text ?? FlagText.make(stage: stage, percent: percent, compare: compare))
    cache = try Bed.open(legacy, new, folder, environment, options)
  }

  /// A second process, so to say, with the same files.
  func reopen(environment: [String: String] = [:]) throws {
    cache = try Bed.open(legacy, new, folder, environment, Bed.options)
  }

  /// A fence waits as long as a loaded machine may need; tests of its deadline set their own.
  static var options: RoutedCache.Options {
    var options = RoutedCache.Options()
    options.fenceDeadline = .seconds(30)
    return options
  }

  private static func open(
    _ legacy: SpyCache, _ new: SpyCache, _ folder: ScratchFolder, _ environment: [String: String],
    _ options: RoutedCache.Options
  ) throws -> RoutedCache {
    try RoutedCache(
      legacy: legacy, new: new, flags: "\(folder.path)/flags/sluice.flagd.json",
      ledger: "\(folder.path)/sluice.db", options: options, environment: environment,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private static func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
}
