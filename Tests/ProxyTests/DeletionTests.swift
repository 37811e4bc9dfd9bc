import SluiceRouting
import Testing

@testable import SluiceCore

/// Law 7: who is not answered if the stack refuses to delete a suspect.
@Suite struct DeletionTests {
  private static let key = Array("k".utf8)
  private var suspects = Suspects(
    stack: .new, limit: 100, routing: LaneRouting(.at(.dualwrite)), journal: nil)

  init() { suspects.insert(DeletionTests.key) }

  private mutating func isSent(asking: Int) -> Bool {
    suspects.beginDeletion(DeletionTests.key, asking: asking)
  }

  private mutating func followers() -> Suspects.Followers { suspects.endDeletion(DeletionTests.key) }

  @Test mutating func theCommandRightBehindIsNotAnswered() {
    let seen = (isSent(asking: 1), followers(), followers())
    #expect(seen == (true, .next, .nobody))
  }

  /// Others may have been sent in between: which answer is its own, nobody knows.
  @Test mutating func aCommandThatJoinsLaterIsNotTheNext() {
    let seen = (isSent(asking: 0), isSent(asking: 1), followers())
    #expect(seen == (true, false, .some))
  }

  /// What makes the key doubtful again needs another deletion, and takes nothing from those behind the first.
  @Test mutating func aNewDoubtForgetsNobody() {
    let first = isSent(asking: 1)
    suspects.insert(DeletionTests.key, isReturning: true)
    let seen = (first, isSent(asking: 0), isSent(asking: 0), followers(), followers())
    #expect(seen == (true, true, false, .next, .nobody))
  }
}
