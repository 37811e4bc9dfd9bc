import Foundation
import SluiceTestSupport
import Testing

@testable import SluiceCLI
@testable import SluiceConfiguration
@testable import SluiceControl

/// Numbers of an operator: on the command line, in the settings, at the control port and in what the proxy says of itself.
@Suite struct NumberFuzzTests {
  private static let orders = [
    "RAMP #", "STAGE live #", "WALKED both #", "WALKED # #", "CHECK #", "FILL # #", "RELOAD #", "ROLLBACK #",
    "WHICH #", "AUTH # #",
    "# #", "STAGE #",
  ]

  @Test func ordersAndSettings() {
    var numbers = ExtremeNumbers("SluiceCLITests.ordersAndSettings")
    let units = ["", "b", "k", "kb", "mb", "gb", "ms", "s", "m", "h", "d", "x"]
    for _ in 0..<ExtremeNumbers.rounds(20_000) {
      let words = numbers.filled(numbers.pick(NumberFuzzTests.orders)).split(separator: " ")
      _ = try? ControlCommand(words.map { Array($0.utf8) })
      _ = try? ByteSize(parsing: numbers.text() + numbers.pick(units))
      _ = (try? Duration(parsing: numbers.text() + numbers.pick(units)))?.text
      _ = try? Address(parsing: "127.0.0.1:" + numbers.text())
      _ = try? Endpoint(parsing: "redis://127.0.0.1:\(numbers.text())/\(numbers.text())")
      _ = ByteSize(bytes: Int(truncatingIfNeeded: numbers.bits())).description
    }
  }

  /// A proxy of another version, or something else that listens there.
  @Test func screens() throws {
    var numbers = ExtremeNumbers("SluiceCLITests.screens")
    for _ in 0..<ExtremeNumbers.rounds(300) {
      let template = """
        {"uptime_seconds":#,"stages":{"percent":#},"compare":{"matched":#,"diverged":#,"superseded":#,"dropped":#,"kinds":{"value":#}},
        "stacks":{"new":{"health":"up","suspects":#,"suspects_made":#,"suspects_repaired":#,"cold_since":#,"hits":#,"misses":#,
        "read":{"operations":#,"errors":#,"p50_us":#,"p99_us":#}}},"clients":{"connected":#},"times_found_empty":#}
        """
      let parts = template.split(separator: "#", omittingEmptySubsequences: false)
      let text = parts.dropFirst().reduce(String(parts[0])) { "\($0)\(numbers.json())\($1)" }
      _ = StatusScreen.render(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
    }
  }
}
