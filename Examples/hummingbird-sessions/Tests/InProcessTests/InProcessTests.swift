import Commands
import Control
import Foundation
import InProcess
import Migrations
import Routing
import SluiceCache
import SluiceRoutedCache
import Testing

/// What docs/in-process.md shows compiles and runs for a service that has the products alone, and targets
/// whose names Sluice might have taken.
@Suite struct InProcessTests {
  private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let checkout = package.deletingLastPathComponent().deletingLastPathComponent()

  private static func lines(_ file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  @Test("The sample of the page is the one that is compiled here")
  func page() throws {
    let page = try Self.lines(Self.checkout.appending(path: "docs/in-process.md"))
    let compiled = try Self.lines(Self.package.appending(path: "Sources/InProcess/Sample.swift"))
    var rest = page[...]
    var samples = 0
    while let begin = rest.firstIndex(of: "```swift") {
      let end = try #require(page[(begin + 1)...].firstIndex(of: "```"))
      for line in page[(begin + 1)..<end] { #expect(compiled.contains(line), "\(line)") }
      rest = page[(end + 1)...]
      samples += 1
    }
    #expect(samples == 2)
  }

  @Test("It does what it says")
  func runs() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "in-process-\(UUID().uuidString)")
    let flags = folder.appending(path: "flags")
    try FileManager.default.createDirectory(at: flags, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: Self.checkout.appending(path: "flags/sluice.flagd.json"),
      to: flags.appending(path: "sluice.flagd.json"))
    defer { try? FileManager.default.removeItem(at: folder) }
    let before = FileManager.default.currentDirectoryPath
    #expect(FileManager.default.changeCurrentDirectoryPath(folder.path))
    defer { _ = FileManager.default.changeCurrentDirectoryPath(before) }
    let (old, new) = (MemoryCache(), MemoryCache())
    try await sample(old, new)
    #expect(await old.value(for: "user:1") == ["name": "Ada"])
    let again = try RoutedCache(legacy: old, new: new, flags: flags.path)
    #expect(again.status.rolled_back && Rollout.who(again.status.rollback) == "ana: too slow")
    #expect(Rollout.why(again.explain("user:1")) == "legacy: rolled back")
    await again.close()
  }

  @Test("Its words have names, and the service's own targets are its own")
  func names() {
    #expect(Rollout("live", percent: 25)?.stage == .live)
    #expect(Rollout("live", percent: 25)?.text.hasPrefix("live 25") == true)
    #expect(Rollout("nowhere", percent: 25) == nil)
    #expect(Routes.sessions.hasPrefix("/") && !Switches.isReadOnly)
    #expect(CommandNames.names.count == 2 && Versions.latest == 3)
  }
}
