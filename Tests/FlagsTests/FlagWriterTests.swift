import Foundation
import SluiceDefaultFlags
import Testing

@testable import SluiceFlags
@testable import SluiceRouting

@Suite struct FlagWriterTests {
  private func change(
    _ text: String, stage: Stage? = nil, percentage: String? = nil
  ) throws(FlagError) -> FlagChange {
    try FlagChange(editing: Array(text.utf8), stage: stage, percentage: percentage.flatMap { Percentage($0) })
  }

  @Test func onlyTheAskedPlacesChange() throws {
    let before = String(decoding: DefaultFlags.definition, as: UTF8.self)
    let change = try change(before, stage: .live, percentage: "25.25")
    let expected =
      before.replacing(#""defaultVariant": "off""#, with: #""defaultVariant": "live""#)
      .replacing(#"["new", 0], ["legacy", 100]"#, with: #"["new", 2525], ["legacy", 7475]"#)
    #expect(String(decoding: change.bytes, as: UTF8.self) == expected)
    #expect(
      change.definition.stage == .live
        && change.definition.cohort.plainBucketing?.share == Share(weight: 101, rest: 299))
    #expect(try FlagDefinition(bytes: change.bytes).version == change.definition.version)
  }

  @Test func everyStageAndManyPercentagesComeBack() throws {
    var text = FlagText(
      targeting: #"{ "fractional" : [ {"cat": ["s", {"var": "targetingKey"}]}, ["new"] , [ "legacy",3 ] ] }"#)
    text.more = #", "other": {"x": "é\u00e9"}"#
    var bytes = text.bytes
    for stage in Stage.allCases {
      for hundredths in [0, 1, 99, 100, 2500, 3333, 9999, 10_000] {
        let percentage = try #require(Percentage(hundredths: hundredths))
        let change = try FlagChange(editing: bytes, stage: stage, percentage: percentage)
        #expect(change.definition.stage == stage)
        #expect(change.definition.cohort.plainBucketing?.hash == BucketHash(prefix: Array("s".utf8)))
        bytes = change.bytes
      }
    }
    let back = try FlagChange(editing: bytes, stage: .live, percentage: Percentage("25"))
    #expect(
      String(decoding: back.bytes, as: UTF8.self)
        == text.text.replacing(#"["new"] , [ "legacy",3 ]"#, with: #"["new", 25] , ["legacy", 75]"#))
  }

  @Test func nothingAskedChangesNothing() throws {
    #expect(try change(FlagText().text).bytes == FlagText().bytes)
  }

  @Test(arguments: [
    (
      FlagText(targeting: #"{"if": [true, "new"]}"#).text, "$.flags.cache-stack.targeting",
      "not a plain fractional"
    ),
    (FlagText(targeting: "{}").text, "$.flags.cache-stack.targeting", "not a plain fractional"),
    (
      FlagText().text.replacing(
        #""state": "ENABLED", "variants": {"new""#, with: #""state": "DISABLED", "variants": {"new""#),
      "$.flags.cache-stack.state", "set it to \"ENABLED\""
    ),
    (
      FlagText().text.replacing(
        #""state": "ENABLED", "variants": {"off""#, with: #""state": "DISABLED", "variants": {"off""#),
      "$.flags.cache-stage.state", "set it to \"ENABLED\""
    ),
    (
      FlagText().text.replacing(#","rampdown":"rampdown""#, with: ""),
      "$.flags.cache-stage.variants.rampdown", "cannot be rampdown; add the variant"
    ),
  ])
  func whatCannotBeEdited(text: String, path: String, words: String) throws {
    let error = try #require(
      flagError { () throws(FlagError) in try change(text, stage: .rampdown, percentage: "50") })
    #expect(error.code == .uneditable && error.path == path && error.message.contains(words), "\(error)")
  }

  @Test func aRefusedFileIsNotEdited() throws {
    let text = FlagText(targeting: #"{"or": [1]}"#).text
    #expect(flagError { () throws(FlagError) in try change(text, stage: .off) }?.code == .unsupported)
  }

  @Test func writesKeepingModeAndSymlink() throws {
    let directory = try TemporaryDirectory()
    try directory.write("real.json", FlagText().text)
    chmod(directory.file("real.json"), 0o640)
    #expect(symlink("real.json", directory.file("link.json")) == 0)
    let writer = FlagWriter(file: FlagFile(path: directory.file("link.json")))
    let change = try writer.prepare(stage: .shadow, percentage: Percentage("50"))
    #expect(try directory.text("real.json") == FlagText().text)
    try writer.commit(change)
    #expect(try Array(directory.text("real.json").utf8) == change.bytes)
    var status = stat()
    #expect(lstat(directory.file("link.json"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(stat(directory.file("real.json"), &status) == 0 && status.st_mode & 0o777 == 0o640)
    try writer.commit(change)
    #expect(try FlagFile(path: directory.file("link.json")).load().percentage == Percentage(percent: 50))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
  }

  @Test func anEditMeanwhileIsNotOverwritten() throws {
    let directory = try TemporaryDirectory()
    try directory.write("f.json", FlagText(percent: 25).text)
    let writer = FlagWriter(file: FlagFile(path: directory.file("f.json")))
    let change = try writer.prepare(stage: nil, percentage: Percentage("50"))
    try directory.write("f.json", FlagText(percent: 30).text)
    #expect(flagError { () throws(FlagError) in try writer.commit(change) }?.code == .conflict)
    #expect(try directory.text("f.json") == FlagText(percent: 30).text)
  }

  @Test func aDirectoryThatIsGone() throws {
    let directory = try TemporaryDirectory()
    let error = flagError { () throws(FlagError) in
      try FileAccess.replace(directory.file("no/f.json"), with: [1])
    }
    #expect(error?.code == .unwritable && error?.message.contains("cannot be written") == true)
  }
}
