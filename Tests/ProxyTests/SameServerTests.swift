import Foundation
import SluiceProxy
import SluiceRouting
import Testing

/// One Redis under two names is no migration: new is not used then, and nothing is emptied.
@Suite(.serialized) struct SameServerTests {
  @Test(arguments: [Stage.off, .dualwrite, .live, .complete])
  func newIsNotUsed(stage: Stage) async throws {
    try await SameServerTests.run(.at(stage)) { legacy, new in
      legacy.identity = .init(server: "one", keys: 5)
      new.identity = .init(server: "one", keys: 5)
    } _: { bench, legacy, new in
      #expect(eventually { bench.health().map(\.new.name) == ["down"] })
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      #expect(bench.healthReasons.contains { $0.contains("same Redis database") }, "\(bench.healthReasons)")
      // A stack that comes into use again is emptied, unless it is the other one.
      _ = bench.adopt(.at(stage == .off ? .dualwrite : .off, version: 2), deadline: 200_000_000)
      _ = bench.adopt(.at(.live, version: 3, isRolledBack: true), deadline: 200_000_000)
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      #expect(SameServerTests.isLeftAlone(legacy) && SameServerTests.isLeftAlone(new))
    }
  }

  @Test func legacyProvesToBeNew() async throws {
    try await SameServerTests.run(.at(.dualwrite)) { legacy, new in
      legacy.identity = .init(server: "one", keys: 5)
      new.identity = .init(server: "other", keys: 5)
    } _: { bench, legacy, new in
      #expect(eventually { bench.health().map(\.new) == [.up] && bench.health().map(\.legacy) == [.up] })
      legacy.identity = .init(server: "other", keys: 5)
      try legacy.connection().close()
      #expect(eventually { bench.health().map(\.new.name) == ["down"] })
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      // As soon as it is another one again, all is well.
      legacy.identity = .init(server: "one", keys: 5)
      try legacy.connection().close()
      #expect(eventually { bench.health().map(\.new) == [.up] && bench.health().map(\.legacy) == [.up] })
    }
  }

  @Test func anotherDatabaseIsAnotherStack() async throws {
    try await SameServerTests.run(.at(.dualwrite), database: 1) { legacy, new in
      legacy.identity = .init(server: "one", keys: 5)
      new.identity = .init(server: "one", keys: 5)
    } _: { bench, legacy, new in
      #expect(eventually { bench.health().map(\.new) == [.up] && bench.health().map(\.legacy) == [.up] })
    }
  }

  @Test func aStackIsNotEmptiedBeforeTheOtherOneWasMet() async throws {
    try await SameServerTests.run(.at(.dualwrite)) { legacy, new in
      legacy.stop()
      new.identity = .init(run: "1", keys: 5)
    } _: { bench, legacy, new in
      #expect(eventually { bench.health().map(\.new) == [.up] })
      new.identity = .init(run: "2", keys: 5)
      try new.connection().close()
      #expect(eventually { bench.healthReasons.contains { $0.contains("is another server") } })
      #expect(SameServerTests.isLeftAlone(new))
    }
  }

  private static func run(
    _ routing: RoutingSnapshot, database: Int = 0, _ prepare: (FakeStack, FakeStack) -> Void,
    _ body: @escaping @Sendable (Bench, FakeStack, FakeStack) throws -> Void
  ) async throws {
    let (legacy, new) = (try FakeStack(), try FakeStack())
    defer {
      legacy.stop()
      new.stop()
    }
    prepare(legacy, new)
    var place = StackEndpoint.port(new.port, "new-stack")
    place.serverDatabase = database
    try await Bench.run(
      legacy: .port(legacy.port, "legacy-stack"), new: place, routing: routing
    ) { try body($0, legacy, new) }
  }

  /// Whether nobody has told the stack to empty itself.
  private static func isLeftAlone(_ stack: FakeStack) -> Bool {
    stack.connectionsNow().allSatisfy { (try? $0.commandsNow())?.contains(["FLUSHDB", "ASYNC"]) != true }
  }
}
