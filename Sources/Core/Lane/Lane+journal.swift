import SluiceCommands
import SluiceJournal
import SluiceRESP
import SluiceRouting

/// What the lane writes down so that it outlives the process (law 7): the keys of writes whose end at the mirror is not
/// known, and the suspects.
extension Lane {
  /// Records the keys of a write that leaves for its primary.
  func record(
    _ frame: Span<UInt8>, _ spec: CommandSpec, in journal: LaneJournal, primary: StackID
  ) -> UInt32 {
    var framer = RequestFramer(limits: .measuredBefore)
    var keys: [Int] = []
    guard case .keyed = spec.scope, case .command = framer.next(frame),
      case .found = spec.keyIndices(in: frame, arguments: framer.arguments.span, into: &keys), !keys.isEmpty
    else { return journal.recordUnknown(primary: primary) }
    var position: UInt32 = 0
    for index in keys {
      position = journal.record(frame.extracting(framer.arguments[index].range), primary: primary)
    }
    return position
  }

  /// The stack has answered a copy, or a deletion, that the lane has sent it for a suspect.
  func confirm(_ request: Span<UInt8>, on connection: StackConnection) {
    guard journal != nil, let key = Lane.firstKey(of: request) else { return }
    connection.suspects.wasConfirmed(key)
    scheduleTurnEnd()
  }

  /// Called with every tick: writes that ended without the mirror are through when nothing is in flight, and a log that has grown
  /// is written anew.
  func tidyJournal() {
    guard let journal else { return }
    for primary in stacks where primary.pending.isEmpty && connection(primary.stack.other).mirrorQueue == 0 {
      journal.retireAll(primary: primary.stack)
    }
    let all = legacy.suspects.all + new.suspects.all
    if journal.logBytes > max(Lane.journalSlack, 256 * all.count) {
      journal.rewrite(
        all, everything: stacks.filter { $0.suspects.isEverything || $0.history.isDoubtful }.map(\.stack),
        mirrored: stacks.filter(\.suspects.hasShare).map(\.stack))
    }
    for connection in stacks where connection.suspects.hasStrays { connection.suspects.lookForStrays() }
    tellStrays()
    journal.commit()
  }

  private static let journalSlack = 1 << 20

  /// Takes over what the process before has left behind; before the first connection.
  ///
  /// - Parameter mirrored: the stacks on which everything is doubtful that they mirrored in the routing in force.
  func takeOver(_ recovered: SuspectJournal.Recovered, mirrored: Set<StackID>) {
    for connection in stacks {
      let clients = recovered.clients[connection.stack, default: []]
      connection.history.inherit(clients)
      // If this process is killed before it has met the server, the next one has to know them as well.
      if clients.indices.contains(index) { journal?.connected(to: connection.stack, clients[index]) }
      for key in recovered.keys[connection.stack, default: []] where owner(of: key.span) === self {
        connection.suspects.insert(key)
      }
      if recovered.everything.contains(connection.stack) {
        journal?.suspectEverything(on: connection.stack)
        connection.history.doubtEverything()
      } else if mirrored.contains(connection.stack) {
        connection.suspects.doubt(DoubtfulShare(of: connection.stack, in: routing.snapshot))
      }
    }
    tellStrays()
    journal?.commit()
  }
}
