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
      runExclusively(frame.withUnsafeBufferPointer { Array($0) })
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
