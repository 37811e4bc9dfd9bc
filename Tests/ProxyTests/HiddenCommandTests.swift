import Foundation
import SluiceCommands
import SluiceFigures
import SluiceProxy
import SluiceRedisClient
import SluiceRouting
import SluiceTestSupport
import Testing

/// Servers that do not tell what commands they have, as managed ones do: what our own table knows is carried, all else is refused.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HiddenCommandTests {
  @Test(arguments: [[StackID.legacy, .new], [.legacy], [.new], []])
  func whatNobodyKnowsIsRefused(hiding: [StackID]) async throws {
    let servers = (try RedisServer(.unixSocket, .valkey91), try RedisServer(.unixSocket, .valkey91))
    defer {
      servers.0.kill()
      servers.1.kill()
    }
    let places = [servers.0, servers.1].map { String($0.url.dropFirst("unix://".count)) }
    for stack in hiding {
      let direct = try RedisClient(RedisEndpoint(.unix(path: places[stack == .legacy ? 0 : 1])))
      #expect(try direct.command("ACL", "SETUSER", "default", "-command") == .status("OK"))
    }
    try await Bench.run(
      legacy: .unix(places[0], "legacy-stack"), new: .unix(places[1], "new-stack"), routing: .at(.dualwrite)
    ) { bench in
      let client = try bench.client()
      let reply = try client.ask("NOSUCH", "a", "b")
      guard !hiding.isEmpty else { return #expect(reply.hasPrefix("-ERR unknown command"), "\(reply)") }
      #expect(reply.hasPrefix("-ERR sluice: nobody can tell the keys of this command"), "\(reply)")
      #expect(reply.contains("say COMMAND on both stacks"), "\(reply)")
      // What our own table knows is carried, also if it is of a later server than 7.0.
      #expect(try client.ask("SET", "k", "v") == "+OK\r\n")
      #expect(try client.ask("DELIFEQ", "k", "v") == ":1\r\n")
      // The client's replies stay in step.
      try client.send(command: "MULTI")
      try client.send(command: "NOSUCH", "a")
      try client.send(command: "EXEC")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try client.reply() == "+QUEUED\r\n")
      #expect(try client.reply().hasPrefix("-EXECABORT"))
      let ranked = bench.figures().refusals.ranked
      #expect(ranked.contains { $0.place.reason == "hidden_commands" && $0.tally.count >= 1 }, "\(ranked)")
      for stack in hiding {
        let facts = bench.proxy.facts(of: stack)
        #expect(
          facts?.tellsCommands == false && facts?.unknown == ["its commands (COMMAND)"], "\(facts as Any)")
      }
    }
  }
}
