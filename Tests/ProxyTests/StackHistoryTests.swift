import SluiceJournal
import SluiceRouting
import Testing

@testable import SluiceCore

/// What all lanes know of one stack's server, beyond the end of a process.
@Suite struct StackHistoryTests {
  private let history = StackHistory(.new, in: .real)

  /// The process before was killed, and the server has started anew since: it may have come back from an old snapshot.
  @Test func aRunThatTheProcessBeforeHasNotMetMayBeOld() {
    history.inherit([StackClient(number: 7, run: Array("before".utf8))])
    let arrival = history.arrived(lane: 0, run: Array("after".utf8), keys: 3, mayBeEmptied: true)
    #expect(arrival == .mustBeEmptied)
  }

  /// The run that the process before has met holds what it held.
  @Test func theRunThatTheProcessBeforeHasMetIsBelieved() {
    let run = Array("before".utf8)
    history.inherit([StackClient(number: 7, run: run)])
    #expect(history.arrived(lane: 0, run: run, keys: 3, mayBeEmptied: true) == .welcome)
    #expect(
      history.abandoned(by: 0, orAnybody: false) == [7],
      "what its connections have left there is not carried out")
  }

  /// Where nobody was before, what is there is what there is.
  @Test func theFirstOfAllIsBelieved() {
    #expect(history.arrived(lane: 0, run: Array("1".utf8), keys: 3, mayBeEmptied: true) == .welcome)
    #expect(history.losses == 0)
  }
}
