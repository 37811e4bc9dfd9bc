import SluiceCopying
import SluiceServers

/// How values of a type will go from one server to another, told before any is copied.
enum CopyOutlook: Equatable {
  case dump
  case restamped
  /// Restamped in some encodings, by value in others.
  case either
  case value
  case no
  /// One of them does not say its version.
  case unknown

  var text: String {
    switch self {
    case .dump: "dump"
    case .restamped: "restamped dump"
    case .either: "restamped dump or by value"
    case .value: "by value"
    case .no: "NOT AT ALL"
    case .unknown: "dump, or by value where that is refused"
    }
  }

  /// - Parameter type: as `TYPE` says it.
  init(_ type: String, from source: ServerSurvey, to target: ServerSurvey) {
    let isBuiltIn = Self.isBuiltIn(type)
    guard isBuiltIn || Self.has(type, source, target) else {
      self = .no
      return
    }
    guard let from = source.facts.stamp, let to = target.facts.stamp else {
      self = .unknown
      return
    }
    guard isBuiltIn else {
      // A module's own bytes: no table speaks of them.
      self = DumpTable.way(ofType: 7, from: from, to: to) == .asIs ? .dump : .no
      return
    }
    let ways = Self.written(type, stamp: from).map { DumpTable.way(ofType: $0, from: from, to: to) }
    if ways.allSatisfy({ $0 == .asIs }) {
      self = .dump
    } else if ways.allSatisfy({ $0 != .no }) {
      self = .restamped
    } else {
      self = ways.contains { $0 != .no } ? .either : .value
    }
  }

  static func isBuiltIn(_ type: String) -> Bool {
    ["string", "list", "set", "zset", "hash", "stream"].contains(type)
  }

  /// Whether the other server knows a type of a module: Redis 8 has vector sets without one.
  private static func has(_ type: String, _ source: ServerSurvey, _ target: ServerSurvey) -> Bool {
    if type == "vectorset" { return target.commands == nil || target.has("VADD") }
    guard let modules = source.facts.modules, let others = target.facts.modules else { return true }
    return Set(modules).isSubset(of: others)
  }

  /// The type bytes that a server of this stamp writes for a type, by its encodings. Fields with a time to live have others, and always
  /// go by value where stamps differ.
  /// https://github.com/redis/redis/blob/7.2/src/rdb.h
  private static func written(_ type: String, stamp: UInt16) -> [UInt8] {
    switch type {
    case "string": [0]
    case "list": stamp < 10 ? [14] : [18]
    case "set": stamp < 11 ? [2, 11] : [2, 11, 20]
    case "zset": stamp < 10 ? [5, 12] : [5, 17]
    case "hash": stamp < 10 ? [4, 13] : [4, 16]
    case "stream": stamp < 10 ? [15] : stamp < 11 ? [19] : [21]
    default: []
    }
  }
}
