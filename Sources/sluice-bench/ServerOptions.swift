import ArgumentParser
import Foundation
import SluiceLoadGenerator

/// Which servers stand behind the proxy.
struct ServerOptions: ParsableArguments {
  @Option(help: "The program of the legacy server: a redis-server or valkey-server of any version.")
  var legacy = "redis-server"

  @Option(help: "The program of the new server.")
  var new = "redis-server"

  /// As people write it: `redis-server to .build/servers/valkey-9.1`, by the last part of the paths.
  var pair: String { "\(Self.name(legacy)) to \(Self.name(new))" }

  private static func name(_ program: String) -> String {
    program.split(separator: "/").last.map(String.init) ?? program
  }

  func start(in folder: ScratchFolder) throws -> (legacy: LocalServer, new: LocalServer) {
    (
      try LocalServer.redis(legacy, in: folder, name: "legacy"),
      try LocalServer.redis(new, in: folder, name: "new")
    )
  }
}
