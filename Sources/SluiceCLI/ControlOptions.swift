import ArgumentParser
import Foundation
import SluiceConfiguration
import SluiceTLS

/// Which proxy a subcommand talks to, and by which password.
struct ControlOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The control port: HOST:PORT, unix:/path or 'tls:HOST:PORT?ca=/path'. Default: $SLUICE_CONTROL, else 127.0.0.1:6401.",
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
    let (address, tls) = try Self.address(text, control == nil ? "SLUICE_CONTROL" : "--control")
    var password = environment["SLUICE_CONTROL_PASSWORD"].flatMap { $0.isEmpty ? nil : Secret($0) }
    if let passwordFile {
      do { password = try PasswordFile.read(passwordFile) } catch {
        throw Failure(.noInput, "--control-password-file: \(error.reason)")
      }
    }
    return ControlClient(address: address, password: password, tls: tls)
  }

  /// An address, and how TLS is spoken to it: `tls:host:port?ca=/path`, with what a URL of `rediss://` may have there.
  static func address(_ text: String, _ source: String) throws -> (Address, ClientTLS?) {
    let mark = text.hasPrefix("tls:") ? text.firstIndex(of: "?") ?? text.endIndex : text.endIndex
    let address: Address
    do { address = try Address(parsing: String(text[..<mark])) } catch {
      throw ValidationError("\(source): \(error.reason)")
    }
    var tls: ClientTLS?
    if address.isTLS {
      do throws(TLSFault) { tls = try ClientTLS(query: text[mark...].dropFirst()) } catch {
        throw ValidationError("\(source): the address \(error)")
      }
    }
    if address.hasNoPort {
      throw ValidationError(
        "\(source): port 0 can be listened on but not talked to; name the port that serve printed")
    }
    return (address, tls)
  }
}
