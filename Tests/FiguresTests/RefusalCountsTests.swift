import SluiceFigures
import Testing

@Suite struct RefusalCountsTests {
  private let shop = RefusalCounts.Client(name: "shop", library: "", address: "1:1")
  private let cart = RefusalCounts.Client(name: "cart", library: "", address: "2:2")

  @Test func theFirstAndTheLastAreKept() {
    var early = RefusalCounts()
    early.record(.init(command: 1, reason: "script"), at: 10, client: shop)
    early.record(.init(command: 1, reason: "script"), at: 30, client: cart)
    var late = RefusalCounts()
    late.record(.init(command: 1, reason: "script"), at: 20, client: shop)
    late.record(.init(command: 2, reason: "pubsub"), at: 40, client: shop)
    for (one, other) in [(early, late), (late, early)] {
      var both = one
      both.merge(other)
      #expect(both.total == 4)
      #expect(both.ranked.map(\.place.command) == [1, 2])
      #expect(both.ranked[0].tally == .init(count: 3, firstAt: 10, lastAt: 30, client: cart))
    }
    var figures = LaneFigures()
    figures.refusals = early
    #expect(!figures.isEmpty && figures.take().refusals.total == 2 && figures.isEmpty)
  }

  /// However many there are, what they take is bounded and none is lost.
  @Test func pairsAreBounded() {
    var counts = RefusalCounts()
    for round in 0..<2 {
      for command in 0..<UInt16(2000) {
        counts.record(.init(command: command, reason: "script"), at: Int64(round), client: shop)
      }
    }
    #expect(counts.total == 4000)
    #expect(counts.ranked.count == RefusalCounts.limit + 1)
    #expect(counts.ranked[0].place == RefusalCounts.others)
  }
}
