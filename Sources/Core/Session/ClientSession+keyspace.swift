import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Commands about all keys at once.
extension ClientSession {
  func keyspace(
    _ command: KeyspaceCommand, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) {
    switch command {
    case .flushdb, .flushall:
      // With one lane and one primary it is a write like any other; the log keeps its place.
      if lane.peers.count == 1, lane.routing.commonPrimary != nil, !lane.isFenced {
        lane.forward(frame, spec, key: Span(), to: lane.keyspacePrimary, sink: sink, slot: openSlot())
      } else {
        runExclusively(frame)
      }
    // What the client wrote before must be there: on other lanes, behind a fence, and where the mirror's keys are counted too on
    // the mirror.
    case _
    where (lane.peers.count > 1 || lane.isFenced || (command == .dbsize && isSplit)) && mustWait(frame):
      break
    case .scan:
      KeyspaceScan.start(frame, arguments, spec, on: lane, sink: sink, slot: openKeyspaceSlot())
    case .dbsize, .keys, .randomkey:
      KeyspaceQuery(command, frame, spec, on: lane, sink: sink, slot: openKeyspaceSlot()).start()
    }
  }

  /// Whether each stack has keys that only it answers for.
  private var isSplit: Bool { lane.routing.keyspaceOwner == nil }

  /// What the client writes afterwards must not be there yet, and on another lane it could overtake the question.
  private func openKeyspaceSlot() -> UInt32 { lane.peers.count > 1 ? openBarrier() : openSlot() }
}
