import Foundation
import Testing

/// The page docs/from-the-guide.md quotes code that is compiled and run, and nothing else.
@Suite struct GuidePageTests {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let root = tests.appendingPathComponent("../..").standardized

  @Test("Every Swift block of the page stands in the samples, line for line")
  func blocks() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("docs/from-the-guide.md"), encoding: .utf8)
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.tests.path)
    let samples = try names.filter { $0.hasPrefix("GuideSamples") }.map {
      Self.lines(try String(contentsOf: Self.tests.appendingPathComponent($0), encoding: .utf8))
    }
    let blocks = Self.swiftBlocks(page)
    #expect(blocks.count >= 25)
    for block in blocks {
      let text = Self.lines(block)
      #expect(samples.contains { $0.contains(text) }, "not in the samples:\n\(block)")
    }
  }

  @Test("Every test that the page names is there")
  func named() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("docs/from-the-guide.md"), encoding: .utf8)
    let rows = page.components(separatedBy: "## Where each thing is").last ?? ""
    let names = rows.matches(of: /`(\w+Tests)(?:\.(\w+))?`/).map { (String($0.1), $0.2.map(String.init)) }
    #expect(names.count > 60)
    let tests = Self.root.appendingPathComponent("Tests")
    var sources: [String] = []
    for case let file as URL in FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
      ?? .init()
    where file.pathExtension == "swift" {
      sources.append(try String(contentsOf: file, encoding: .utf8))
    }
    for (suite, test) in names {
      let isThere = sources.contains { source in
        source.contains("struct \(suite) ") && (test.map { source.contains("func \($0)(") } ?? true)
      }
      #expect(isThere, "\(suite).\(test ?? "")")
    }
  }

  @Test("The extraction finds a block that is not in the samples")
  func canFail() {
    let blocks = Self.swiftBlocks("a\n```swift\nlet nowhere = 1\n```\n```sh\nls\n```\n")
    #expect(blocks == ["let nowhere = 1\n"])
    #expect(Self.lines("  a\n\n    b  ") == "a\nb")
  }

  /// Without indentation and blank lines: a page begins at the margin, a function does not.
  private static func lines(_ text: String) -> String {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private static func swiftBlocks(_ page: String) -> [String] {
    page.components(separatedBy: "```swift\n").dropFirst().map {
      $0.components(separatedBy: "```").first ?? ""
    }
  }
}
