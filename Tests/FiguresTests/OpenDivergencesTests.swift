import SluiceFigures
import Testing

/// A known difference stays open until it is seen to be gone, or somebody answers for it.
@Suite struct OpenDivergencesTests {
  private func entry(_ question: UInt64, key: String = "k") -> OpenDivergences.Entry {
    OpenDivergences.Entry(question: question, kind: .value, command: 1, key: Array(key.utf8))
  }

  @Test func opensOnceAndClosesByTheSameQuestion() {
    var open = OpenDivergences()
    for _ in 0..<5 { open.differed(entry(7)) }
    open.differed(entry(8))
    #expect(open.count == 2)
    open.agreed(about: 9)
    #expect(open.count == 2, "another question says nothing")
    open.agreed(about: 7)
    #expect(open.count == 1)
  }

  @Test func aKeyThatIsEqualClosesAllItsQuestions() {
    var open = OpenDivergences()
    for question in 0..<3 as Range<UInt64> { open.differed(entry(question)) }
    open.differed(entry(3, key: "other"))
    open.isEqual(Array("k".utf8))
    #expect(open.count == 1)
  }

  @Test func whatFindsNoRoomStaysUntilAllIsClosed() {
    var open = OpenDivergences()
    let many = UInt64(OpenDivergences.limit + 10)
    for question in 0..<many { open.differed(entry(question)) }
    #expect(open.count == many && open.unlisted == 10)
    for question in 0..<many { open.agreed(about: question) }
    #expect(open.count == 10)
    open.close()
    #expect(open.count == 0 && open.isEmpty)
  }
}
