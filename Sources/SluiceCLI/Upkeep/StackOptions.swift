import ArgumentParser
import SluiceConfiguration
import Foundation
import RedisClient

/// Where the two stacks are, for the subcommands that ask them directly.
struct StackOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The sluice.yaml of the proxy; names the stacks and holds their passwords.", valueName: "path"))
  var config: String?

  @Option(help: ArgumentHelp("The legacy stack: redis://… or unix:///path.", valueName: "url"))
  var legacy: String?

  @Option(help: ArgumentHelp("The new stack: redis://… or unix:///path.", valueName: "url"))
  var new: String?

  /// The addresses of both: from the flags, else from the file, else from what the proxy says of itself.
  ///
  /// - Parameter status: of the running proxy; nil if there is none.
  func addresses(_ status: JSONValue?) throws(Failure) -> (legacy: RedisEndpoint, new: RedisEndpoint) {
    var configuration: ServeConfiguration?
    if let config {
      do { configuration = try ServeConfiguration.load(file: config) } catch {
        throw Failure(.configuration, error.description)
      }
    }
    for (name, layers) in [
      ("legacy", configuration?.stacks.legacy.layers), ("new", configuration?.stacks.new.layers),
    ] {
      try expectReadable(name, layers, status)
    }
    return (
      try address("legacy", legacy, configuration?.stacks.legacy.endpoint, status),
      try address("new", new, configuration?.stacks.new.endpoint, status)
    )
  }

  /// The server behind a stack's layers holds other keys, or other bytes, than the stack.
  private func expectReadable(
    _ name: String, _ configured: StackLayers?, _ status: JSONValue?
  ) throws(Failure) {
    if let status {
      let layers = status["stacks"][name]["layers"]["names"].texts
      guard let prefix = layers.first(where: { $0.hasPrefix("key_prefix") }) else { return }
      throw Failure(
        .configuration,
        "the \(name) stack has the layer \(prefix), so its server names its keys otherwise than clients do; "
          + "such a stack cannot be walked")
    } else if let configured, !configured.isPlain {
      throw Failure(
        .configuration,
        "the \(name) stack has layers, and only a running proxy reads through them; start it first")
    }
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
    switch endpoint {
    case .redis(let host, let port, let user, let password, let database):
      return RedisEndpoint(
        .tcp(host: host, port: UInt16(clamping: port)), user: user, password: password?.revealed,
        database: database)
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

extension RedisClient {
  /// A connection for a walk: patient, because other clients of the server come first.
  static func connect(_ endpoint: RedisEndpoint, _ name: String) throws(Failure) -> RedisClient {
    do { return try RedisClient(endpoint, commandTimeout: .seconds(60)) } catch {
      throw Failure(
        error.code == .refused ? .permission : .unavailable, "the \(name) stack: \(error.message)")
    }
  }

  /// Sends all commands in one go and returns their replies in order.
  func all(_ commands: [[[UInt8]]]) throws(Failure) -> [Reply] {
    do {
      for command in commands { try append(command) }
      var replies: [Reply] = []
      for _ in commands { replies.append(try reply()) }
      return replies
    } catch {
      throw Failure(.unavailable, error.message)
    }
  }
}
