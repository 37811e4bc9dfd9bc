import Foundation
import Testing

@testable import SluiceConfiguration

/// The example and the table of the documentation name every setting, with the default that the code has.
@Suite struct DocumentationTests {
  @Test("The example loads and is the defaults")
  func example() throws {
    let configuration = try ServeConfiguration.load(file: root.appending(path: "sluice.example.yaml").path)
    #expect(configuration == ServeConfiguration())
  }

  @Test("Every setting stands in the example and in the table")
  func complete() throws {
    let example = try String(contentsOf: root.appending(path: "sluice.example.yaml"), encoding: .utf8)
    let table = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
    var section = ""
    for line in ServeConfiguration().redacted.split(separator: "\n") {
      let name = line.prefix { $0 != ":" }
      if line.hasSuffix(":") {
        section = "\(name)."
        continue
      }
      if !line.hasPrefix(" ") { section = "" }
      let key = name.trimmingCharacters(in: .whitespaces)
      #expect(example.contains("\(key):"), "\(key) is not in the example")
      let row = table.split(separator: "\n").first { $0.hasPrefix("| `\(section)\(key)` ") }
      let value = line.dropFirst(name.count + 2).filter { !"[]\"".contains($0) }
      let isDefault = value == "null" ? row?.contains("none") : row?.contains("`\(value)`")
      #expect(isDefault == true || section == "stacks.", "\(section)\(key) is not in the table with \(value)")
    }
  }

  private var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }
}
