import SluiceFigures
import SluiceRESP

/// Who the clients are: `CLIENT INFO` and `CLIENT LIST`.
extension ClientSession {
  /// The peer as Redis writes it: `127.0.0.1:50000`.
  var address: String { socket == nil ? "" : place.remote }

  func whoIsThis() -> RefusalCounts.Client { identity.label(address: address) }

  /// A line of Redis's CLIENT LIST: all fields of 7.0 in their order, then those of 7.2, then the lane.
  ///
  /// What Redis knows and we do not is said as Redis says nothing: `fd` -1, no subscription. `rbs` and `rbp` are the buffer for replies,
  /// which a client here has only while there is something in it.
  func description(now: UInt64) -> String {
    let (input, free, output, waiting) = buffers
    let spec = lane.table.specs[lastCommand]
    let memory = input + free + output + waiting
    var flags = ""
    if mode.transaction != .none { flags += "x" }
    if place.isUnixSocket { flags += "U" }
    let fields: [(String, String)] = [
      ("id", "\(id)"), ("addr", address), ("laddr", place.local), ("fd", "-1"),
      ("name", String(decoding: identity.name, as: UTF8.self)),
      ("age", ClientSession.seconds(since: connectedAt, now)),
      ("idle", ClientSession.seconds(since: lastHeard, now)),
      ("flags", flags.isEmpty ? "N" : flags), ("db", "0"), ("sub", "0"), ("psub", "0"), ("ssub", "0"),
      ("multi", "\(mode.queued)"), ("qbuf", "\(input)"), ("qbuf-free", "\(free)"), ("argv-mem", "0"),
      ("multi-mem", "0"), ("rbs", "\(output)"), ("rbp", "\(output)"), ("obl", "\(output)"),
      ("oll", waiting > 0 ? "1" : "0"), ("omem", "\(waiting)"), ("tot-mem", "\(memory)"),
      ("events", isWritable ? "r" : "rw"),
      ("cmd", spec.id == 0 ? "NULL" : spec.name.lowercased()), ("user", principal.name), ("redir", "-1"),
      ("resp", "\(tail.wire.rawValue)"),
      ("lib-name", String(decoding: identity.library, as: UTF8.self)),
      ("lib-ver", String(decoding: identity.libraryVersion, as: UTF8.self)), ("lane", "\(lane.index)"),
    ]
    return fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
  }

  private static func seconds(since start: UInt64, _ now: UInt64) -> String {
    "\(now > start ? (now - start) / 1_000_000_000 : 0)"
  }

  /// Every client of every lane in the order of their coming, or those that `TYPE` or `ID` chooses.
  func clientList(_ filter: [String]) {
    var chosen: [Int]?
    switch (filter.first?.uppercased(), filter.count) {
    case (nil, _): break
    case ("TYPE", 2):
      let types = ["normal", "replica", "slave", "pubsub", "master"]
      guard types.contains(filter[1].lowercased()) else {
        return answerError("ERR Unknown client type '\(filter[1])'")
      }
      if filter[1].lowercased() != "normal" { chosen = [] }
    case ("ID", 2...):
      let ids = filter.dropFirst().compactMap { Int($0) }
      guard ids.count == filter.count - 1 else { return answerError("ERR Invalid client ID") }
      chosen = ids
    default: return answerError("ERR syntax error")
    }
    let wanted = chosen.map { Set($0) }
    let order = chosen
    let (sink, slot) = (sink, openSlot())
    let home = lane
    var missing = home.peers.count
    var lines: [Int: String] = [:]
    let collected = OnOneLoop { (some: [(id: Int, line: String)]) in
      for (id, line) in some { lines[id] = line }
      missing -= 1
      guard missing == 0 else { return }
      let text = (order ?? lines.keys.sorted()).compactMap { lines[$0].map { "\($0)\n" } }.joined()
      var reply: [UInt8] = []
      reply.appendVerbatim(text, in: sink.tail.wire)
      sink.replyArrived(reply.span, slot: slot)
    }
    for peer in home.peers {
      home.want(
        .post(peer) {
          let some = peer.sessions.values.filter { wanted?.contains($0.id) ?? true }.map {
            (id: $0.id, line: $0.description(now: peer.now))
          }
          peer.want(
            .post(home) {
              home.turnBegan()
              collected.body(some)
            })
        })
    }
  }
}
