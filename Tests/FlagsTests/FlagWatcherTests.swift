import Foundation
import SluiceLocks
import Testing

@testable import SluiceFlags

@Suite struct FlagWatcherTests {
  /// A watcher on a real directory, and the events it told.
  private final class Watch: Sendable {
    let directory: TemporaryDirectory
    let watcher: FlagWatcher
    private let lines: Lines

    final class Lines: Sendable {
      let told = Mutex<[String]>([])
    }

    /// - Parameter prepare: fills the directory before the watcher looks.
    init(name: String = "f.json", prepare: (TemporaryDirectory) throws -> Void) throws {
      directory = try TemporaryDirectory()
      try prepare(directory)
      let lines = Lines()
      self.lines = lines
      let file = FlagFile(path: directory.file(name))
      let start = Result { () throws(FlagError) in try file.load() }
      watcher = FlagWatcher(file: file, start: start, latchAtStart: nil) { event in
        lines.told.withLock { $0.append(Watch.line(event)) }
      }
      watcher.run()
    }

    deinit { watcher.stop() }

    static func line(_ event: FlagEvent) -> String {
      switch event {
      case .loaded(let definition, _): "loaded \(definition.percentage?.description ?? "rules")"
      case .rejected(let error): "rejected \(error.code)"
      case .recovered: "recovered"
      case .latchAppeared: "latch"
      case .latchDisappeared: "no latch"
      }
    }

    var told: [String] { lines.told.withLock { $0 } }

    /// Waits until the events are these, at most five seconds.
    func tells(_ expected: [String]) async throws -> Bool {
      let deadline = ContinuousClock.now + .seconds(5)
      while told != expected, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
      return told == expected
    }
  }

  @Test func renameReplace() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    try watch.directory.replace("f.json", FlagText(percent: 50).text)
    #expect(try await watch.tells(["loaded 50"]), "\(watch.told)")
    try watch.directory.replace("f.json", FlagText(percent: 60).text)
    #expect(try await watch.tells(["loaded 50", "loaded 60"]), "\(watch.told)")
  }

  @Test func symlinkSwapAsKubernetesDoes() async throws {
    let watch = try Watch { directory in
      for (name, percent) in [("..1", 25), ("..2", 75)] {
        try FileManager.default.createDirectory(
          atPath: directory.file(name), withIntermediateDirectories: false)
        try directory.write("\(name)/f.json", FlagText(percent: percent).text)
      }
      #expect(symlink("..1", directory.file("..data")) == 0)
      #expect(symlink("..data/f.json", directory.file("f.json")) == 0)
    }
    #expect(symlink("..2", watch.directory.file("..data_tmp")) == 0)
    #expect(rename(watch.directory.file("..data_tmp"), watch.directory.file("..data")) == 0)
    #expect(try await watch.tells(["loaded 75"]), "\(watch.told)")
  }

  @Test func truncatedThenWritten() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    let bytes = FlagText(percent: 50).bytes
    let descriptor = open(watch.directory.file("f.json"), O_WRONLY | O_TRUNC)
    #expect(descriptor >= 0)
    #expect(write(descriptor, Array(bytes.prefix(40)), 40) == 40)
    #expect(write(descriptor, Array(bytes.dropFirst(40)), bytes.count - 40) == bytes.count - 40)
    close(descriptor)
    // On a machine so busy that the halves lie apart, the first one is refused before; never is it loaded.
    let isLoaded = try await watch.tells(["loaded 50"])
    let before = watch.told.dropLast()
    #expect(isLoaded || watch.told.last == "loaded 50", "\(watch.told)")
    #expect(before.allSatisfy { $0.hasPrefix("rejected ") }, "\(watch.told)")
  }

  @Test func deletedAndBack() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    try FileManager.default.removeItem(atPath: watch.directory.file("f.json"))
    #expect(try await watch.tells(["rejected unreadable"]), "\(watch.told)")
    try watch.directory.replace("f.json", FlagText(percent: 25).text)
    #expect(try await watch.tells(["rejected unreadable", "recovered"]), "\(watch.told)")
  }

  @Test func invalidThenGood() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    try watch.directory.replace("f.json", FlagText(targeting: #"{"or": [1]}"#).text)
    #expect(try await watch.tells(["rejected unsupported"]), "\(watch.told)")
    try watch.directory.replace("f.json", FlagText(percent: 50).text)
    #expect(try await watch.tells(["rejected unsupported", "loaded 50"]), "\(watch.told)")
  }

  @Test func somethingElseInTheFilesPlace() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    // In one step: a file that is missing for a moment is another error, if the machine is busy just then.
    #expect(mkfifo(watch.directory.file(".pipe"), 0o600) == 0)
    #expect(rename(watch.directory.file(".pipe"), watch.directory.file("f.json")) == 0)
    #expect(try await watch.tells(["rejected unreadable"]), "\(watch.told)")
  }

  @Test func theDirectoryIsMadeAgain() async throws {
    let watch = try Watch(name: "sub/f.json") { directory in
      try FileManager.default.createDirectory(
        atPath: directory.file("sub"), withIntermediateDirectories: false)
      try directory.write("sub/f.json", FlagText(percent: 25).text)
    }
    try FileManager.default.removeItem(atPath: watch.directory.file("sub"))
    #expect(try await watch.tells(["rejected unreadable"]), "\(watch.told)")
    try FileManager.default.createDirectory(
      atPath: watch.directory.file("sub"), withIntermediateDirectories: false)
    try watch.directory.replace("sub/f.json", FlagText(percent: 50).text)
    #expect(try await watch.tells(["rejected unreadable", "loaded 50"]), "\(watch.told)")
  }

  @Test func theLatchIsSeen() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    try watch.directory.write("ROLLBACK", "")
    #expect(try await watch.tells(["latch"]), "\(watch.told)")
    try RollbackLatch(directory: watch.directory.path).clear()
    #expect(try await watch.tells(["latch", "no latch"]), "\(watch.told)")
  }

  @Test func reloadAnswersAfterTheEvent() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    let salted = FlagText(
      targeting: #"{"fractional": [{"cat": ["s", {"var": "targetingKey"}]}, ["new", 30], ["legacy", 70]]}"#)
    try watch.directory.replace("f.json", salted.text)
    #expect(try await watch.tells(["rejected reshuffles"]), "\(watch.told)")
    let answer = await withCheckedContinuation { continuation in
      watch.watcher.reload(allowReshuffle: true) { continuation.resume(returning: $0.map(Watch.line)) }
    }
    #expect(answer == "loaded 30")
    #expect(watch.told == ["rejected reshuffles", "loaded 30"])
    let unchanged = await withCheckedContinuation { continuation in
      watch.watcher.reload { continuation.resume(returning: $0.map(Watch.line)) }
    }
    #expect(unchanged == nil)
  }

  @Test func stopsAtOnceAndTwice() async throws {
    let watch = try Watch { try $0.write("f.json", FlagText(percent: 25).text) }
    watch.watcher.stop()
    watch.watcher.stop()
    let answer = await withCheckedContinuation { continuation in
      watch.watcher.reload { continuation.resume(returning: $0.map(Watch.line)) }
    }
    #expect(answer == nil && watch.told.isEmpty)
  }
}
