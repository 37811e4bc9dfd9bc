import ArgumentParser
import Foundation
import SluiceConfiguration

/// Which proxy a subcommand talks to, and by which password.
struct ControlOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The control port: HOST:PORT or unix:/path. Default: $SLUICE_CONTROL, else 127.0.0.1:6401.",
      valueName: "address"))
  var control: String?

  @Option(
    name: [.customLong("control-password-file"), .customLong("password-file")],
    help: ArgumentHelp(
      "A file whose first line is the control port's password. Default: $SLUICE_CONTROL_PASSWORD.",
      valueName: "path"))
  var passwordFile: String?

  func validate() throws {
    if let control { _ = try Self.address(control, "--control") }
  }

  /// A client for the control port; nothing is connected yet.
  func client(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> ControlClient {
    let named = environment["SLUICE_CONTROL"].flatMap { $0.isEmpty ? nil : $0 }
    let text = control ?? named ?? "127.0.0.1:6401"
    let address = try Self.address(text, control == nil ? "SLUICE_CONTROL" : "--control")
    var password = environment["SLUICE_CONTROL_PASSWORD"].flatMap { $0.isEmpty ? nil : Secret($0) }
    if let passwordFile {
      do { password = try PasswordFile.read(passwordFile) } catch {
        throw Failure(.noInput, "--control-password-file: \(error.reason)")
      }
    }
    return ControlClient(address: address, password: password)
  }

  private static func address(_ text: String, _ source: String) throws -> Address {
    let address: Address
    do { address = try Address(parsing: text) } catch {
      throw ValidationError("\(source): \(error.reason)")
    }
    if case .tcp(_, 0) = address {
      throw ValidationError(
        "\(source): port 0 can be listened on but not talked to; name the port that serve printed")
    }
    return address
  }
}
