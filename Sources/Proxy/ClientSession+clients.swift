import NIOCore
import SluiceFigures
import SluiceRESP

/// Who the clients are: `CLIENT INFO` and `CLIENT LIST`.
extension ClientSession {
  /// The peer as Redis writes it: `127.0.0.1:50000`.
  var address: String { ClientSession.text(context?.remoteAddress) }

  func whoIsThis() -> RefusalCounts.Client { identity.label(address: address) }

  static func text(_ address: SocketAddress?) -> String {
    guard let address else { return "" }
    return address.ipAddress.map { ip in
      "\(ip.contains(":") ? "[\(ip)]" : ip):\(address.port ?? 0)"
    } ?? address.pathname ?? ""
  }

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
    if context?.remoteAddress?.pathname != nil { flags += "U" }
    let fields: [(String, String)] = [
      ("id", "\(id)"), ("addr", address), ("laddr", ClientSession.text(context?.localAddress)), ("fd", "-1"),
      ("name", String(decoding: identity.name, as: UTF8.self)),
      ("age", ClientSession.seconds(since: connectedAt, now)),
      ("idle", ClientSession.seconds(since: lastHeard, now)),
      ("flags", flags.isEmpty ? "N" : flags), ("db", "0"), ("sub", "0"), ("psub", "0"), ("ssub", "0"),
      ("multi", "\(mode.queued)"), ("qbuf", "\(input)"), ("qbuf-free", "\(free)"), ("argv-mem", "0"),
      ("multi-mem", "0"), ("rbs", "\(output)"), ("rbp", "\(output)"), ("obl", "\(output)"),
      ("oll", waiting > 0 ? "1" : "0"), ("omem", "\(waiting)"), ("tot-mem", "\(memory)"),
      ("events", context?.channel.isWritable == false ? "rw" : "r"),
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
    let lists = home.peers.map { peer in
      peer.loop.submit {
        peer.sessions.values.filter { wanted?.contains($0.id) ?? true }.map {
          (id: $0.id, line: $0.description(now: peer.now))
        }
      }
    }
    EventLoopFuture.whenAllSucceed(lists, on: home.loop).whenSuccess { lists in
      let lines = Dictionary(lists.joined().map { ($0.id, $0.line) }) { first, _ in first }
      let text = (order ?? lines.keys.sorted()).compactMap { lines[$0].map { "\($0)\n" } }.joined()
      var reply: [UInt8] = []
      reply.appendVerbatim(text, in: sink.tail.wire)
      sink.replyArrived(reply.span, slot: slot)
    }
  }
}
