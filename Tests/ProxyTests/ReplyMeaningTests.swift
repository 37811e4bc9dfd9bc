import SluiceCommands
import SluiceFigures
import SluiceRESP
import Testing

@testable import SluiceCore

/// What two replies of RESP3 mean, byte by byte.
@Suite struct ReplyMeaningTests {
  private func verdict(_ command: String, _ legacy: String, _ new: String) -> ReplyComparison.Verdict {
    let table = CommandTable.shared
    return ReplyComparison(
      table.specs[table.lookup(Array(command.utf8).span)], hasScores: command == "ZRANGE", tolerance: 1000,
      legacy: Array(legacy.utf8), new: Array(new.utf8)
    ).verdict
  }

  @Test(arguments: [
    ("SMEMBERS", "~2\r\n$1\r\na\r\n$1\r\nb\r\n", "~2\r\n$1\r\nb\r\n$1\r\na\r\n"),
    ("HGETALL", "%2\r\n+a\r\n+1\r\n+b\r\n+2\r\n", "%2\r\n+b\r\n+2\r\n+a\r\n+1\r\n"),
    ("ZSCORE", ",1.1\r\n", ",1.1000000000000001\r\n"), ("ZSCORE", ",inf\r\n", ",Infinity\r\n"),
    ("ZMSCORE", "*2\r\n,1\r\n_\r\n", "*2\r\n,1.0\r\n_\r\n"),
    ("ZRANGE", "*1\r\n*2\r\n$1\r\nm\r\n,1\r\n", "*1\r\n*2\r\n$1\r\nm\r\n,1.0\r\n"),
    ("GET", "=5\r\ntxt:a\r\n", "$1\r\na\r\n"), ("GET", "$1\r\na\r\n", "=5\r\nmkd:a\r\n"),
    ("SISMEMBER", "#t\r\n", ":1\r\n"), ("SISMEMBER", "#f\r\n", ":0\r\n"),
    ("STRLEN", "(12345678901234567890\r\n", "(12345678901234567890\r\n"),
    ("LRANGE", "*2\r\n,1\r\n*-1\r\n", "*2\r\n,1.0\r\n*-1\r\n"),
    ("XREAD", "%1\r\n$1\r\nx\r\n*0\r\n", "*2\r\n$1\r\nx\r\n*0\r\n"),
  ])
  func theSame(command: String, one: String, other: String) {
    for verdict in [verdict(command, one, other), verdict(command, other, one)] {
      #expect(verdict == .equivalent || (verdict == .identical && one == other), "\(command)")
    }
  }

  @Test(arguments: [
    ("SMEMBERS", "~1\r\n$1\r\na\r\n", "~1\r\n$1\r\nb\r\n", DivergenceKind.value),
    ("HGETALL", "%1\r\n+a\r\n+1\r\n", "%1\r\n+1\r\n+a\r\n", .value),
    ("ZSCORE", ",1.1\r\n", ",1.2\r\n", .value),
    ("ZSCORE", ",0\r\n", "_\r\n", .missingInNew), ("ZSCORE", "_\r\n", ",0\r\n", .missingInLegacy),
    ("SISMEMBER", "#t\r\n", "#f\r\n", .value), ("SISMEMBER", "#t\r\n", ":0\r\n", .value),
    ("SMEMBERS", "~0\r\n", "~1\r\n+a\r\n", .missingInLegacy),
    ("HGETALL", "%1\r\n+a\r\n+1\r\n", "%0\r\n", .missingInNew),
    ("GET", "=5\r\ntxt:a\r\n", "$1\r\nb\r\n", .value), ("GET", "$1\r\na\r\n", "+a\r\n", .type),
    ("GET", ",1\r\n", "$1\r\n1\r\n", .type), ("STRLEN", "(1\r\n", "(2\r\n", .value),
  ])
  func notTheSame(command: String, one: String, other: String, kind: DivergenceKind) {
    guard case .different(let found, _) = verdict(command, one, other) else {
      Issue.record("\(command): \(one) \(other)")
      return
    }
    #expect(found == kind)
  }
}
