import Foundation
import Yams

/// The proxies of one service, as `sluice fleet` reaches them.
public struct Fleet: Sendable, Equatable {
  public struct Member: Sendable, Equatable {
    /// As people call it.
    public var name: String
    /// Its control port, as `--control` takes it.
    public var control: String
    /// Nil asks as anybody.
    public var password: Secret?
  }

  public var members: [Member] = []

  /// Reads a file such as `proxies: [{ name: a, control: "10.0.0.1:6401", password_file: ops.txt }]`.
  ///
  /// - Throws: everything that is wrong with it.
  public static func load(file: String) throws(ConfigurationError) -> Fleet {
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
      let name = section.value("name", ValueParsers.name)
      let password = section.value("password_file", PasswordFile.read)
      guard let control else {
        if section.isWithout("control") {
          section.note("control", "is missing; name its control port", line: section.line)
        }
        return nil
      }
      return Member(name: name ?? control, control: control, password: password)
    }
    top.refuseUnknownKeys()
    var problems = top.problems
    if problems.isEmpty, fleet.members.isEmpty {
      problems.append(
        ConfigurationProblem(
          path: "proxies", reason: "names nobody; write \"- control: host:6401\" lines"))
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
