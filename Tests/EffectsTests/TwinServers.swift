import Commands
import LoadGenerator
import RESP
import RedisClient

/// Two real servers without a proxy between them: the primary, which carries commands out, and the mirror,
/// which repeats what the effect says.
struct TwinServers {
  /// One thing that is not as it should be, for a test's message.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let primary: RedisClient
  let mirror: RedisClient
  private let folder: ScratchFolder
  private let servers: [LocalServer]

  init() throws {
    folder = try ScratchFolder()
    servers = try ["primary", "mirror"].map { [folder] name in
      try LocalServer.redis(in: folder, name: name, extra: ["--enable-debug-command", "yes"])
    }
    primary = try servers[0].client()
    mirror = try servers[1].client()
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

  /// Whether a key is the same on both: value, groups and time of expiry; what differs, or nil.
  ///
  /// - Parameter tolerance: how much later, in milliseconds, the mirror's key may expire.
  func difference(_ key: String, tolerance: Int64) throws -> String? {
    let values = try both("DEBUG", "DIGEST-VALUE", key)
    if values.0 != values.1 { return "\(key): \(try both("TYPE", key)), digests \(values)" }
    guard case (.integer(let here), .integer(let there)) = try both("PEXPIRETIME", key) else {
      return "\(key): no time"
    }
    // -1 and -2 are no times, but "forever" and "no such key".
    if here < 0 || there < 0 ? here != there : !(0...tolerance).contains(there - here) {
      return "\(key): expires at \(here) and at \(there)"
    }
    let streams = try both("XINFO", "STREAM", key, "FULL", "COUNT", "0")
    let (mine, its) = (TwinServers.timeless(streams.0), TwinServers.timeless(streams.1))
    if case .array = mine, mine != its { return "\(key): stream \(mine) and \(its)" }
    return nil
  }

  func exists(_ key: String) throws -> (primary: Bool, mirror: Bool) {
    let replies = try both("EXISTS", key)
    return (replies.0 == .integer(1), replies.1 == .integer(1))
  }

  func both(_ words: String...) throws -> (Reply, Reply) {
    let bytes = words.map { Array($0.utf8) }
    return (try primary.command(bytes), try mirror.command(bytes))
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
      // Pending entries of a consumer are id, time, count; those of a group name the consumer before the time.
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
