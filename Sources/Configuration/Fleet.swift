import Foundation
import SluiceHTTPCaller
import SluiceTLS
import Yams

/// The proxies of one service, as `sluice fleet` reaches them by their control ports, and a page by their admin doors.
public struct Fleet: Sendable, Hashable {
  public struct Member: Sendable, Hashable {
    /// As people call it.
    public var name: String
    /// Its control port, as `--control` takes it.
    public var control: String?
    /// Nil asks as anybody.
    public var password: Secret?
    /// Its admin door.
    public var admin: HTTPPlace?
    /// Of the role `view`: who shows a fleet need not be able to move it. Nil where that door asks nobody.
    public var token: Secret?
    public var tls = ClientTLS()
  }

  /// Which way to its members somebody takes.
  public enum Way: Sendable {
    case control, admin
  }

  public var members: [Member] = []

  /// Reads a file such as `proxies: [{ name: a, control: "10.0.0.1:6401", password_file: ops.txt }]`.
  ///
  /// - Throws: everything that is wrong with it; that somebody cannot be reached by this way is.
  public static func load(file: String, by way: Way) throws(ConfigurationError) -> Fleet {
    guard let data = FileManager.default.contents(atPath: file), data.count <= 1 << 20,
      let text = String(data: data, encoding: .utf8)
    else {
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          path: file, reason: "cannot be read as a text; check the path and its permissions")
      ])
    }
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch {
      throw ConfigurationError(problems: [ConfigurationProblem(yamlError: error, file: file)])
    }
    var top = Section(root, path: "")
    var fleet = Fleet()
    fleet.members = top.list("proxies") { section in
      let control = section.value("control", ValueParsers.path)
      let admin = section.value("admin", ServeConfiguration.Receiver.url)
      let name = section.value("name", ValueParsers.name)
      // Secrets of a way that is not taken may be out of reach here.
      let (password, token) = (
        section.secret("password_file", if: way == .control), section.secret("token_file", if: way == .admin)
      )
      let ca = section.value("ca", ValueParsers.path)
      switch way {
      case .control where control == nil && section.isWithout("control"):
        section.note("control", "is missing; name its control port", line: section.line)
      case .admin where admin == nil && section.isWithout("admin"):
        section.note(
          "admin", "is missing; name its admin door, as https://10.0.0.1:6402, for the page asks there",
          line: section.line)
      default: break
      }
      guard let place = way == .control ? control : admin?.description else { return nil }
      var member = Member(
        name: name ?? place, control: control, password: password, admin: admin, token: token)
      member.tls.ca = ca
      return member
    }
    top.refuseUnknownKeys()
    var problems = top.problems
    if problems.isEmpty, fleet.members.isEmpty {
      problems.append(
        ConfigurationProblem(
          path: "proxies", reason: "names nobody; write \"- { name: a, control: host:6401 }\" lines"))
    }
    let names = fleet.members.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      problems.append(
        ConfigurationProblem(path: "proxies", reason: "has \(twice) twice; give each a name of its own"))
    }
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    return fleet
  }
}

extension Section {
  /// The first line of the file under a key, if somebody wants it.
  fileprivate mutating func secret(_ key: String, if isWanted: Bool) -> Secret? {
    if isWanted { return value(key, PasswordFile.read) }
    _ = value(key, ValueParsers.path)
    return nil
  }
}
