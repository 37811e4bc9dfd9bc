import SluiceRouting
import Testing

@testable import SluiceProxy

/// Law 7: who is not answered if the stack refuses to delete a suspect.
@Suite struct DeletionTests {
  private static let key = Array("k".utf8)
  private var suspects = Suspects(
    stack: .new, limit: 100, routing: LaneRouting(.at(.dualwrite)), journal: nil)

  init() { suspects.insert(DeletionTests.key) }

  @Test mutating func theCommandRightBehindIsNotAnswered() {
    #expect(suspects.beginDeletion(DeletionTests.key, asking: 1))
    #expect(suspects.endDeletion(DeletionTests.key) == .next)
    #expect(suspects.endDeletion(DeletionTests.key) == .nobody)
  }

  /// Others may have been sent in between: which answer is its own, nobody knows.
  @Test mutating func aCommandThatJoinsLaterIsNotTheNext() {
    #expect(suspects.beginDeletion(DeletionTests.key, asking: 0))
    #expect(!suspects.beginDeletion(DeletionTests.key, asking: 1))
    #expect(suspects.endDeletion(DeletionTests.key) == .some)
  }

  /// What makes the key doubtful again needs another deletion, and takes nothing from those behind the first.
  @Test mutating func aNewDoubtForgetsNobody() {
    #expect(suspects.beginDeletion(DeletionTests.key, asking: 1))
    suspects.insert(DeletionTests.key, isReturning: true)
    #expect(suspects.beginDeletion(DeletionTests.key, asking: 0))
    #expect(!suspects.beginDeletion(DeletionTests.key, asking: 0))
    #expect(suspects.endDeletion(DeletionTests.key) == .next)
    #expect(suspects.endDeletion(DeletionTests.key) == .nobody)
  }

  /// A write may have made it there: it is deleted before it is served.
  @Test mutating func whatMayBeThereIsASuspectLikeAnyOther() {
    suspects.becameAbsent(DeletionTests.key, .waiting)
    #expect(suspects.isAbsent(DeletionTests.key))
    suspects.mayBeThere(DeletionTests.key)
    #expect(!suspects.isAbsent(DeletionTests.key) && suspects.contains(DeletionTests.key))
  }
}
