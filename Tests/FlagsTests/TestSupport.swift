import Foundation

@testable import SluiceFlags
@testable import SluiceRouting

/// A flag file put together from the parts that a test is about.
struct FlagText {
  var stage = #""defaultVariant": "live""#
  var stack = #""defaultVariant": "legacy", "targeting": {"fractional": [["new", 25], ["legacy", 75]]}"#
  var sample = #""defaultVariant": "skip", "targeting": {"fractional": [["compare", 10], ["skip", 90]]}"#
  var more = ""

  init() {}

  /// With this targeting of `cache-stack`.
  init(targeting: String) {
    stack = #""defaultVariant": "legacy", "targeting": \#(targeting)"#
  }

  init(percent: Int, stage: String = "live") {
    self.init(targeting: #"{"fractional": [["new", \#(percent)], ["legacy", \#(100 - percent)]]}"#)
    self.stage = #""defaultVariant": "\#(stage)""#
  }

  static let stages =
    #"{"off":"off","dualwrite":"dualwrite","shadow":"shadow","live":"live","rampdown":"rampdown","#
    + #""complete":"complete"}"#

  var text: String {
    #"""
    {
      "$schema": "https://flagd.dev/schema/v0/flags.json",
      "flags": {
        "cache-stage": {"state": "ENABLED", "variants": \#(FlagText.stages), \#(stage)},
        "cache-stack": {"state": "ENABLED", "variants": {"new": "new", "legacy": "legacy"}, \#(stack)},
        "shadow-sample": {"state": "ENABLED", "variants": {"compare": true, "skip": false}, \#(sample)}\#(more)
      }
    }
    """#
  }

  var bytes: [UInt8] { Array(text.utf8) }

  func definition() throws -> FlagDefinition { try FlagDefinition(bytes: bytes) }
}

/// A directory that goes away with the test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "flags-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes in place, as an editor that truncates does.
  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: file(name)))
  }

  /// Writes beside and renames.
  func replace(_ name: String, _ text: String) throws {
    try write(".tmp", text)
    guard rename(file(".tmp"), file(name)) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }
}

/// The error of something that has to fail.
func flagError<Value>(_ body: () throws(FlagError) -> Value) -> FlagError? {
  do throws(FlagError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

extension Cohort {
  func contains(_ key: String) -> Bool {
    let bytes = Array(key.utf8)
    return contains(bytes.span)
  }
}
