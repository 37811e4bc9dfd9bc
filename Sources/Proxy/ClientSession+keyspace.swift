import Commands
import RESP
import Routing

/// Commands about all keys at once.
extension ClientSession {
  func keyspace(
    _ command: KeyspaceCommand, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec
  ) {
    switch command {
    case .flushdb, .flushall:
      // With one lane and one primary it is a write like any other; the log keeps its place.
      if lane.peers.count == 1, lane.routing.commonPrimary != nil, !lane.isFenced {
        lane.forward(frame, spec, key: Span(), to: lane.keyspacePrimary, sink: self, slot: openSlot())
      } else {
        runExclusively(frame)
      }
    // What the client wrote to other lanes must be there before it asks about all of them.
    case _ where lane.peers.count > 1 && mustWait(frame):
      break
    case .scan:
      KeyspaceScan.start(frame, arguments, spec, on: lane, sink: self, slot: openSlot())
    case .dbsize, .keys, .randomkey:
      guard lane.routing.snapshot.effectiveStage == .live else {
        return forwardToKeyspacePrimary(frame, spec)
      }
      KeyspaceQuery(command, frame, spec, on: lane, sink: self, slot: openSlot()).start()
    }
  }
}
