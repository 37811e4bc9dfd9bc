import SluiceRESP
import Testing

@testable import SluiceCopying

@Suite struct DumpTableTests {
  /// The checksum of `type, 1, v` with version 10.
  static func checksum(_ type: UInt8) -> [UInt8] {
    var payload: [UInt8] = [type, 1, UInt8(ascii: "v")]
    DumpedString.seal(&payload, version: 10)
    return Array(payload.suffix(8))
  }

  @Test func olderDumpsGoAsTheyAreAndForeignOnesDoNot() {
    #expect(DumpTable.way(ofType: 0, from: 9, to: 80) == .asIs)
    #expect(DumpTable.way(ofType: 0, from: 11, to: 80) == .asIs)
    #expect(DumpTable.way(ofType: 0, from: 12, to: 80) == .restamped(80))
    #expect(DumpTable.way(ofType: 25, from: 12, to: 80) == .no)
    #expect(DumpTable.way(ofType: 22, from: 80, to: 12) == .no, "the same number for something else")
    #expect(DumpTable.way(ofType: 20, from: 12, to: 10) == .no)
    #expect(DumpTable.way(ofType: 0, from: 13, to: 12) == .no, "no server was tried")
    #expect(DumpTable.way(ofType: 0, from: 12, to: nil) == .asIs)
  }

  @Test func aDamagedDumpIsNotMadeSound() {
    var payload: [UInt8] = [0, 1, UInt8(ascii: "v"), 10, 0] + DumpTableTests.checksum(0)
    #expect(DumpTable.restamped(payload, to: 80) != nil)
    payload[2] = UInt8(ascii: "w")
    #expect(DumpTable.restamped(payload, to: 80) == nil)
    #expect(DumpTable.restamped([], to: 80) == nil && DumpTable.restamped([1, 2, 3], to: 80) == nil)
  }

  @Test func aHiddenNameHasTheKeysTag() {
    for key in ["plain", "{tag}rest", "a{b}c", "{}x", "x}y", "", "{"] {
      let name = HiddenName.of(Array(key.utf8))
      #expect(HiddenName.isOne(name) && !HiddenName.isOne(Array(key.utf8)), "\(key)")
    }
    #expect(HiddenName.of(Array("plain".utf8)).starts(with: Array("{plain}".utf8)))
    #expect(HiddenName.of(Array("{tag}rest".utf8)).starts(with: Array("{tag}rest".utf8)))
  }

  /// Nothing that a stack may say ends the process.
  @Test func answersThatAreNoneAreErrors() {
    for text in [
      "", "$5\r\nab\r\n", "*9\r\n", "*1\r\n", ":x\r\n", "$-7\r\n", "?\r\n", "*2\r\n:1\r\n", "%1\r\n+a\r\n",
    ] {
      _ = Answer(Array(text.utf8))
    }
    #expect(Answer(Array("*2\r\n:1\r\n$1\r\na\r\n".utf8)) == .list([.number(1), .text([97])]))
    #expect(Answer(Array("*999999999\r\n".utf8)).trouble != nil)
    #expect(Answer(Array((String(repeating: "*1\r\n", count: 40) + ":1\r\n").utf8)).trouble != nil)
  }
}
