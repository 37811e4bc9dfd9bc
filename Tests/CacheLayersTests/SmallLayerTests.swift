import SluiceCacheLayers
import Testing

@Suite struct SmallLayerTests {
  @Test func aPrefixIsAddedAndTakenAway() {
    let prefix = KeyPrefix("app1:")
    let stored = prefix.add(to: Array("user".utf8))
    #expect(stored == Array("app1:user".utf8))
    #expect(prefix.strip(stored) == Array("user".utf8))
    #expect(prefix.strip(Array("app1:".utf8)) == [])
    #expect(prefix.strip(Array("app1".utf8)) == nil)
    #expect(prefix.strip(Array("app2:user".utf8)) == nil)
    #expect(KeyPrefix("").strip(Array("user".utf8)) == Array("user".utf8))
    #expect(KeyPrefix("").add(to: []) == [])
  }

  @Test func theDefaultIsForWritersThatSayNothing() {
    let hour = DefaultTTL(.seconds(3600))
    #expect(hour.life(given: nil) == .ends(after: .seconds(3600)))
    #expect(hour.life(given: .seconds(5)) == .ends(after: .seconds(5)))
    #expect(hour.life(given: .zero) == .over)
    #expect(hour.life(given: .seconds(-1)) == .over)
    #expect(DefaultTTL(.zero).life(given: nil) == .forever)
    #expect(DefaultTTL(.zero).life(given: .seconds(5)) == .ends(after: .seconds(5)))
    #expect(hour.life(given: .seconds(Int64.max)) == .ends(after: DefaultTTL.longest))
  }

  @Test func aLifeThatIsNotOverIsNotZeroMilliseconds() {
    #expect(Duration.nanoseconds(1).wholeMilliseconds == 1)
    #expect(Duration.milliseconds(5).wholeMilliseconds == 5)
    #expect(Duration.microseconds(5001).wholeMilliseconds == 6)
    #expect(Duration.zero.wholeMilliseconds == 0)
    #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
    #expect(DefaultTTL.longest.wholeMilliseconds == 3_153_600_000_000)
  }
}
