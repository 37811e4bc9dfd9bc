import ArgumentParser
import Foundation
import SluiceCacheLayers
import SluiceConfiguration
import SluiceRedisClient

/// Where the two stacks are, for the subcommands that ask them directly.
struct StackOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The sluice.yaml of the proxy; names the stacks and holds their passwords.", valueName: "path"))
  var config: String?

  @Option(
    help: ArgumentHelp("The legacy stack: redis://…, rediss://…?ca=/path or unix:///path.", valueName: "url"))
  var legacy: String?

  @Option(
    help: ArgumentHelp("The new stack: redis://…, rediss://…?ca=/path or unix:///path.", valueName: "url"))
  var new: String?

  /// The addresses of both: from the flags, else from the file, else from what the proxy says of itself.
  ///
  /// - Parameter status: of the running proxy; nil if there is none.
  func addresses(_ status: JSONValue?) throws(Failure) -> (legacy: StackAddress, new: StackAddress) {
    var configuration: ServeConfiguration?
    if let config {
      // Whether a door may be open, and by which password, was for `serve` to decide.
      var options = ServeOptions()
      options.checksDoors = false
      do { configuration = try ServeConfiguration.load(file: config, options: options) } catch {
        throw Failure(.configuration, error.description)
      }
    }
    func find(
      _ name: String, _ flag: String?, _ configured: StackConfiguration?
    ) throws(Failure) -> StackAddress {
      StackAddress(
        endpoint: try address(name, flag, configured?.endpoint, status),
        prefix: try prefix(name, configured?.layers, status))
    }
    return (
      try find("legacy", legacy, configuration?.stacks.legacy),
      try find("new", new, configuration?.stacks.new)
    )
  }

  /// Connects to both stacks and makes sure that they are those of the proxy: what is learned from others says nothing of these.
  ///
  /// - Parameter status: of the running proxy; nil if there is none.
  func connect(_ status: JSONValue?) throws(Failure) -> (legacy: StackClient, new: StackClient) {
    let addresses = try addresses(status)
    let legacy = try StackClient.connect(addresses.legacy, "legacy")
    let new = try StackClient.connect(addresses.new, "new")
    let runs = (legacy: legacy.run, new: new.run)
    if let status {
      try expect(runs.legacy, legacy.endpoint, toBe: "legacy", status)
      try expect(runs.new, new.endpoint, toBe: "new", status)
    }
    if let run = runs.legacy, run == runs.new, legacy.endpoint.database == new.endpoint.database {
      throw Failure(
        .configuration,
        "\(legacy.endpoint) and \(new.endpoint) are the same Redis database; compared with itself it proves nothing"
      )
    }
    return (legacy, new)
  }

  private func expect(
    _ run: String?, _ endpoint: RedisEndpoint, toBe name: String, _ status: JSONValue
  ) throws(Failure) {
    let stack = status["stacks"][name]
    // A server that does not tell its run is believed to be the one that it is called.
    guard let run, let own = stack["run_id"].text, let database = stack["database"].number,
      run != own || Double(endpoint.database) != database
    else { return }
    let given = name == "legacy" ? legacy : new
    throw Failure(
      .configuration,
      "\(given == nil ? "\(endpoint)" : "--\(name)") is not the proxy's \(name) stack, which is "
        + "\(stack["endpoint"].text ?? "another server"); name that one, or by --control the proxy that it belongs to"
    )
  }

  /// What the stack's keys begin with on its server, by its layers.
  private func prefix(
    _ name: String, _ configured: StackLayers?, _ status: JSONValue?
  ) throws(Failure) -> KeyPrefix {
    if let status {
      let word = "key_prefix "
      let layer = status["stacks"][name]["layers"]["names"].texts.first { $0.hasPrefix(word) }
      return KeyPrefix(String(layer?.dropFirst(word.count) ?? ""))
    }
    // Other layers change what is stored.
    guard configured?.isPlain ?? true else {
      throw Failure(
        .configuration,
        "the \(name) stack has layers, and only a running proxy reads through them; start it first")
    }
    return KeyPrefix("")
  }

  private func address(
    _ name: String, _ flag: String?, _ configured: Endpoint?, _ status: JSONValue?
  ) throws(Failure) -> RedisEndpoint {
    let endpoint: Endpoint
    if let flag {
      do { endpoint = try Endpoint(parsing: flag) } catch {
        throw Failure(.configuration, "--\(name): \(error.reason)")
      }
    } else if let configured {
      endpoint = configured
    } else if let text = status?["stacks"][name]["endpoint"].text {
      guard !text.contains(":***@") else {
        throw Failure(
          .configuration,
          "the \(name) stack \(text) has a password, which the proxy does not tell; name its sluice.yaml by --config, "
            + "or the stack by --\(name)")
      }
      do { endpoint = try Endpoint(parsing: text) } catch {
        throw Failure(.configuration, "the proxy's \(name) stack: \(error.reason)")
      }
    } else {
      throw Failure(
        .configuration,
        "where the \(name) stack is nobody has said; name it by --\(name), or a sluice.yaml by --config")
    }
    return try Self.server(endpoint, name)
  }

  /// Where the server of a stack is.
  static func server(_ endpoint: Endpoint, _ name: String) throws(Failure) -> RedisEndpoint {
    switch endpoint {
    case .redis(let host, let port, let user, let password, let database, let tls):
      return RedisEndpoint(
        .tcp(host: host, port: UInt16(clamping: port)), user: user, password: password?.revealed,
        database: database, tls: tls)
    case .unix(let path, let user, let password, let database):
      return RedisEndpoint(.unix(path: path), user: user, password: password?.revealed, database: database)
    case .memory:
      throw Failure(
        .configuration,
        "the \(name) stack is the embedded engine, which lives inside the proxy and cannot be walked; "
          + "this needs two Redis servers")
    }
  }
}

/// Where a stack's server is, and how its keys begin there.
struct StackAddress {
  let endpoint: RedisEndpoint
  let prefix: KeyPrefix

  /// Whether what the servers hold is what clients see, by the proxy's word.
  static func arePlain(_ status: JSONValue) -> Bool {
    ["legacy", "new"].allSatisfy { status["stacks"][$0]["layers"]["names"].texts.isEmpty }
  }
}
