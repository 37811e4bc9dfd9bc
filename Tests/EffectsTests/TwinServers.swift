import SluiceCommands
import SluiceLoadGenerator
import SluiceRESP
import SluiceRedisClient
import SluiceTestSupport

/// Two real servers without a proxy between them: the primary, which carries commands out, and the mirror,
/// which repeats what the effect says.
struct TwinServers {
  /// One thing that is not as it should be, for a test's message.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Small nodes, so that trimming by `~` has whole ones to remove from small streams.
  private static let settings = ["--enable-debug-command", "yes", "--stream-node-max-entries", "2"]

  let primary: RedisClient
  let mirror: RedisClient
  /// A client of the mirror that speaks RESP3.
  let newer: SocketClient
  private let folder: ScratchFolder
  private let servers: [LocalServer]

  /// Whether fields of hashes can have a time of their own.
  private let hasFieldTimes: Bool
  /// The commands of these servers.
  let table: CommandTable

  init(_ binary: ServerBinary = .redis70) throws {
    folder = try ScratchFolder()
    servers = try ["primary", "mirror"].map { [folder] name in
      try LocalServer.redis(binary.path, in: folder, name: name, extra: Self.settings)
    }
    primary = try servers[0].client()
    mirror = try servers[1].client()
    newer = try SocketClient(port: servers[1].port)
    guard try newer.ask("HELLO 3\r\n").hasPrefix("%") else { throw Failure(description: "no RESP3") }
    let told = ServerCommand.all(in: bytes(of: try primary.command("COMMAND")).span)
    table = CommandTable.inForce(legacy: told, new: told)
    hasFieldTimes = table.abilities.new.contains(.fieldTimes)
  }

  /// Makes the mirror hold the primary's state of a key, its time of expiry included.
  func copy(_ key: String) throws {
    let name = Array(key.utf8)
    guard case .string(let dump) = try primary.command([Array("DUMP".utf8), name]),
      case .integer(let expiry) = try primary.command("PEXPIRETIME", key)
    else {
      _ = try mirror.command("DEL", key)
      return
    }
    let words = ["RESTORE", key, String(max(expiry, 0))].map { Array($0.utf8) }
    let reply = try mirror.command(words + [dump, Array("REPLACE".utf8), Array("ABSTTL".utf8)])
    guard reply == .status("OK") else { throw Failure(description: "RESTORE \(key): \(reply)") }
  }

  /// Removes from the mirror's stream what lies before the first entry of the primary's.
  func trim(_ key: String) throws {
    guard case .array(let entries) = try primary.command("XRANGE", key, "-", "+", "COUNT", "1") else {
      return
    }
    guard case .array(let entry)? = entries.first, let id = entry.first?.text else {
      _ = try mirror.command("XTRIM", key, "MAXLEN", "0")
      return
    }
    _ = try mirror.command("XTRIM", key, "MINID", id)
  }

  /// What both servers hold under the keys, asked in one go.
  func state(of keys: [String]) throws -> [(primary: KeyState, mirror: KeyState)] {
    let (here, there) = (try told(of: keys, primary), try told(of: keys, mirror))
    return zip(here, there).map { ($0, $1) }
  }

  private func told(of keys: [String], _ server: RedisClient) throws -> [KeyState] {
    for key in keys {
      if hasFieldTimes {
        let words = ["HPEXPIRETIME", key, "FIELDS", "\(Dice.words.count)"] + Dice.words
        try server.append(words.map { Array($0.utf8) })
      }
      try server.append("PEXPIRETIME", key)
      // A digest leaves out a stream's groups and counters.
      try server.append("XINFO", "STREAM", key, "FULL", "COUNT", "0")
    }
    // Last, because it alone also sees what has expired and was not removed yet: the others remove it.
    try server.append((["DEBUG", "DIGEST-VALUE"] + keys).map { Array($0.utf8) })
    let told = try keys.map { _ in
      let fields = hasFieldTimes ? try server.reply() : .null
      guard case .integer(let expiry) = try server.reply() else {
        throw Failure(description: "the server gives no times of expiry; Redis 7.0 does")
      }
      return (expiry: expiry, stream: Self.timeless(try server.reply()), fields: fields)
    }
    guard case .array(let digests) = try server.reply(), digests.count == keys.count else {
      throw Failure(description: "the server gives no digests; is --enable-debug-command set?")
    }
    return zip(digests, told).map {
      KeyState(value: $0, expiry: $1.expiry, stream: $1.stream, fields: $1.fields)
    }
  }

  /// A stream's description without the times of delivery, which follow each server's clock, and without
  /// how it is packed in memory.
  private static func timeless(_ reply: Reply) -> Reply {
    guard case .array(let items) = reply else { return reply }
    var kept: [Reply] = []
    var index = 0
    while index < items.count {
      switch items[index].text {
      case "seen-time", "active-time", "radix-tree-keys", "radix-tree-nodes": index += 1
      // Pending entries are id, time, count; those of a group name the consumer before the time.
      case "pel", "pending":
        kept.append(items[index])
        if index + 1 < items.count, case .array(let pending) = items[index + 1] {
          kept.append(
            .array(
              pending.map { entry in
                guard case .array(let parts) = entry, parts.count >= 3 else { return entry }
                return .array(Array(parts.dropLast(2)) + [parts[parts.count - 1]])
              }))
          index += 1
        }
      default: kept.append(timeless(items[index]))
      }
      index += 1
    }
    return .array(kept)
  }
}

/// What one server holds under one key.
struct KeyState: Equatable {
  let value: Reply
  /// In milliseconds since 1970; -1 is forever, -2 is no such key.
  let expiry: Int64
  /// The server's error for anything but a stream.
  let stream: Reply
  /// Times of the fields of a hash, where they can have one.
  let fields: Reply

  var exists: Bool { expiry != -2 }

  /// - Parameter tolerance: how much later, in milliseconds, `mirror` may expire.
  func equals(_ mirror: KeyState, tolerance: Int64) -> Bool {
    guard value == mirror.value, stream == mirror.stream, hasSameFields(as: mirror, tolerance) else {
      return false
    }
    if expiry < 0 || mirror.expiry < 0 { return expiry == mirror.expiry }
    return (0...tolerance).contains(mirror.expiry - expiry)
  }

  private func hasSameFields(as mirror: KeyState, _ tolerance: Int64) -> Bool {
    guard case .array(let here) = fields, case .array(let there) = mirror.fields else {
      return fields == mirror.fields
    }
    return here.count == there.count
      && zip(here, there).allSatisfy { pair in
        guard case (.integer(let left), .integer(let right)) = pair, left > 0, right > 0 else {
          return pair.0 == pair.1
        }
        return (0...tolerance).contains(right - left)
      }
  }
}

/// A reply as the bytes that it came in; hiredis keeps none.
func bytes(of reply: Reply) -> [UInt8] {
  var output: [UInt8] = []
  switch reply {
  case .string(let bytes): output.appendBulk(bytes.span)
  case .status(let text): output = Array("+\(text)\r\n".utf8)
  case .integer(let value): output.appendInteger(Int(value))
  case .null: output.appendNull()
  case .error(let text): output.appendError(text)
  case .array(let items):
    output.appendArrayHeader(items.count)
    for item in items { output += bytes(of: item) }
  }
  return output
}
