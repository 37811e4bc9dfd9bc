import SluiceFigures
import Testing

/// A known difference stays open until it is seen to be gone, or somebody answers for it.
@Suite struct OpenDivergencesTests {
  private func entry(
    _ question: UInt64, key: String = "k", _ kind: DivergenceKind = .value, new: UInt64 = 2
  ) -> OpenDivergences.Entry {
    OpenDivergences.Entry(
      question: question, kind: kind, command: 1, key: Array(key.utf8), legacy: 1, new: new)
  }

  @Test func opensOnceAndClosesByTheSameQuestion() {
    var open = OpenDivergences()
    for _ in 0..<5 { #expect(open.differed(entry(7)) == false) }
    #expect(open.differed(entry(8)) == false)
    #expect(open.count == 2 && open.version == 2)
    open.agreed(about: 9)
    #expect(open.count == 2, "another question says nothing")
    open.agreed(about: 7)
    #expect(open.count == 1)
  }

  @Test func aKeyThatIsEqualClosesAllItsQuestions() {
    var open = OpenDivergences()
    for question in 0..<3 as Range<UInt64> { _ = open.differed(entry(question)) }
    _ = open.differed(entry(3, key: "other"))
    open.isEqual(Array("k".utf8))
    #expect(open.count == 1)
  }

  @Test("What finds no room is one more, at least, however often it differs; what has room again is known")
  func noRoom() {
    var open = OpenDivergences()
    let many = UInt64(OpenDivergences.limit + 10)
    for _ in 0..<3 { for question in 0..<many { _ = open.differed(entry(question, key: "k\(question)")) } }
    #expect(open.count == UInt64(OpenDivergences.limit) + 1 && open.unlisted == 1)
    for question in 0..<many { open.agreed(about: question) }
    #expect(open.count == 1, "nobody knows of the ten")
    _ = open.differed(entry(many - 1))
    #expect(open.count == 2 && open.list.count == 1)
    open.everythingIsEqual()
    #expect(open.count == 0 && open.isEmpty)
    let long = String(repeating: "k", count: OpenDivergences.byteLimit / 2)
    for question in 0..<3 as Range<UInt64> { _ = open.differed(entry(question, key: long)) }
    #expect(open.count == 3 && open.unlisted == 1, "names are bounded too")
  }

  @Test(
    "What is closed stays so as long as its answers are the same, or it is of time; and is open again when it was equal"
  )
  func closed() {
    var open = OpenDivergences()
    _ = open.differed(entry(1))
    _ = open.differed(entry(2, .ttl))
    open.close(because: "we know")
    #expect(open.count == 0 && open.list.allSatisfy { $0.closed == "we know" })
    #expect(open.differed(entry(1)) && open.differed(entry(2, .ttl, new: 77)), "the same again is none")
    #expect(open.count == 0)
    #expect(!open.differed(entry(3)) && open.count == 1, "another question was not closed")
    #expect(!open.differed(entry(1, new: 3)) && open.count == 2, "another answer was not closed")
    #expect(!open.differed(entry(2, .value)) && open.count == 3, "another kind was not closed")
    open.close(because: "these too")
    open.agreed(about: 1)
    #expect(!open.differed(entry(1, new: 3)) && open.count == 1, "it was equal in between")
    open.close(because: "and this")
    open.open()
    #expect(open.count == 3 && !open.differed(entry(3)))
  }

  @Test("A kind or keys that are meant to differ open nothing, until that is taken back")
  func meant() {
    var open = OpenDivergences()
    _ = open.differed(entry(1, key: "price:1", .ttl))
    _ = open.differed(entry(2, key: "price:2"))
    _ = open.differed(entry(3, key: "user:1", .ttl))
    let ttl = Closing(kind: .ttl, keys: Array("price:*".utf8), why: "a day", who: "ana", at: 1)
    open.mean([ttl])
    #expect(open.count == 2 && open.differed(entry(1, key: "price:1", .ttl)))
    #expect(open.isMeant(.ttl, Array("price:9".utf8)) && !open.isMeant(.value, Array("price:9".utf8)))
    open.mean([ttl, Closing(kind: nil, keys: Array("user:*".utf8), why: "", who: "", at: 2)])
    #expect(open.count == 1 && open.isMeant(.missingInNew, Array("user:".utf8)))
    #expect(!open.isMeant(.timeout, Array("user:1".utf8)), "no answer is no difference")
    open.everythingIsEqual()
    #expect(open.count == 0 && open.closings.count == 2)
    open.open()
    #expect(!open.differed(entry(1, key: "price:1", .ttl)) && open.count == 1)
  }

  @Test(
    "A star is anything, the rest is itself",
    arguments: [
      ("*", "", true), ("*", "a:b", true), ("a*", "a", true), ("a*", "ba", false), ("*a", "bca", true),
      ("a*c*e", "abcde", true), ("a*c*e", "abcd", false), ("a?c", "abc", false), ("a?c", "a?c", true),
      ("", "a", false), ("", "", true), ("**x**", "yxz", true), ("ab", "abc", false),
    ])
  func pattern(_ pattern: String, _ key: String, _ isMatch: Bool) {
    let closing = Closing(kind: nil, keys: Array(pattern.utf8), why: "", who: "", at: 0)
    #expect(closing.covers(.value, Array(key.utf8)) == isMatch)
  }

  @Test func whatAnEarlierRunKnewIsKnown() {
    var open = OpenDivergences()
    var known = entry(1)
    known.closed = "why"
    open.recall(known)
    open.recall(entry(2))
    open.recall(unlisted: 5)
    #expect(open.count == 6 && open.unlisted == 5)
    #expect(open.differed(entry(1)) == true, "closed it was, closed it is")
  }
}
