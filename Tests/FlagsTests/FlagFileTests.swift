import Foundation
import Testing

@testable import SluiceFlags
@testable import SluiceRouting

@Suite struct FlagFileTests {
  @Test func aDirectoryWithOneFile() throws {
    let directory = try TemporaryDirectory()
    let file = FlagFile(path: directory.path + "/")
    #expect(file.directory == directory.path)
    #expect(
      flagError { () throws(FlagError) in try file.load() }?.message.contains("holds no *.json") == true)
    try directory.write("one.json", FlagText().text)
    try directory.write(".hidden.json", "")
    try directory.write("ROLLBACK", "")
    #expect(try file.load().percentage == Percentage(percent: 25))
    try directory.write("two.json", FlagText().text)
    let error = flagError { () throws(FlagError) in try file.load() }
    #expect(error?.code == .unreadable && error?.message.contains("several: one.json, two.json") == true)
  }

  @Test func whatCannotBeRead() throws {
    let directory = try TemporaryDirectory()
    let missing = flagError { () throws(FlagError) in try FlagFile(path: directory.file("no.json")).load() }
    #expect(missing?.code == .unreadable && missing?.message.contains("No such file") == true)
    try directory.write("large.json", String(repeating: " ", count: 1 << 20 + 1))
    let large = flagError { () throws(FlagError) in try FlagFile(path: directory.file("large.json")).load() }
    #expect(large?.code == .unreadable && large?.message.contains("larger than") == true)
    try directory.write("secret.json", FlagText().text)
    chmod(directory.file("secret.json"), 0)
    let secret = flagError { () throws(FlagError) in try FlagFile(path: directory.file("secret.json")).load()
    }
    // Permissions do not bind root.
    #expect(geteuid() == 0 ? secret == nil : secret?.message.contains("Permission denied") == true)
  }

  @Test func theLatchIsItsExistence() throws {
    let directory = try TemporaryDirectory()
    let latch = RollbackLatch(directory: directory.path)
    #expect(!latch.isSet && latch.note == nil)
    try latch.clear()
    try latch.set(reason: "errors\nrise", who: "ops")
    #expect(latch.isSet)
    #expect(latch.note?.contains("who: ops\nreason: errors rise\n") == true)
    try latch.clear()
    #expect(!latch.isSet)
    try directory.write("ROLLBACK", "")
    #expect(latch.isSet && latch.note == "")
    try latch.clear()
    #expect(symlink("nowhere", latch.path) == 0)
    #expect(latch.isSet && latch.note == nil)
    #expect(!RollbackLatch(directory: directory.file("no")).isSet)
    let error = flagError { () throws(FlagError) in
      try RollbackLatch(directory: directory.file("no")).set(reason: "", who: "")
    }
    #expect(error?.code == .unwritable)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory.path).allSatisfy { !$0.hasSuffix(".tmp") }
    )
  }
}
