import SluicePacing
import SluiceServers
import Testing

/// Whether new has room: before it is full, not when it is.
@Suite struct MemoryRoomTests {
  private let mebi = 1 << 20

  private func reading(_ used: Int, of maximum: Int, _ policy: String? = "noeviction", evicted: Int = 0)
    -> MemoryReading
  {
    MemoryReading(used: used * mebi, maximum: maximum * mebi, policy: policy, evicted: evicted)
  }

  @Test func aServerWithoutALimitHasRoom() {
    var room = MemoryRoom(before: reading(10, of: 0))
    #expect(room.told(reading(100_000, of: 0)) == nil)
  }

  @Test func aWalkStopsAheadOfTheLimitByWhatItWritesBetweenTwoLooks() {
    var room = MemoryRoom(before: reading(10, of: 100))
    for used in stride(from: 20, through: 60, by: 10) { #expect(room.told(reading(used, of: 100)) == nil) }
    // 70, twice 10 until a late next look, and a tenth in hand.
    let why = room.told(reading(70, of: 100))
    #expect(why == "it uses 70 MiB of its maxmemory of 100 MiB, and would soon refuse writes (noeviction)")
    var slow = MemoryRoom(before: reading(80, of: 100))
    #expect(slow.told(reading(81, of: 100)) == nil)
    #expect(slow.told(reading(97, of: 100)) != nil)
  }

  @Test func whatIsBroughtIsNotToBeEvicted() throws {
    var room = MemoryRoom(before: reading(10, of: 100, "allkeys-lru", evicted: 5))
    #expect(room.told(reading(20, of: 100, "allkeys-lru", evicted: 5)) == nil)
    let soon = room.told(reading(98, of: 100, "allkeys-lru", evicted: 5)) ?? ""
    #expect(soon.contains("would soon evict what it was brought (allkeys-lru)"), "\(soon)")
    let evicts = room.told(reading(60, of: 100, "allkeys-lru", evicted: 8)) ?? ""
    #expect(evicts.hasPrefix("it has evicted 3 keys since"), "\(evicts)")
  }

  @Test func oddNumbersTrapNowhere() {
    var room = MemoryRoom(before: MemoryReading(used: 0, maximum: .max))
    #expect(room.told(MemoryReading(used: .max, maximum: .max, evicted: .max)) != nil)
    var other = MemoryRoom()
    #expect(other.told(MemoryReading(used: .max, maximum: 1)) != nil)
  }

  @Test func infoIsReadWhicheverFieldsThereAre() {
    let text =
      "# Memory\r\nused_memory:1048576\r\nmaxmemory:2097152\r\nmaxmemory_policy:allkeys-lru\r\n# Stats\r\nevicted_keys:7\r\n"
    #expect(
      MemoryReading(info: text)
        == MemoryReading(used: mebi, maximum: 2 * mebi, policy: "allkeys-lru", evicted: 7))
    #expect(MemoryReading(info: "used_memory:5\nmaxmemory:0\n") == MemoryReading(used: 5, maximum: 0))
    for odd in [
      "", "used_memory:5", "used_memory:-5\nmaxmemory:0", "used_memory:9999999999999999999999\nmaxmemory:0",
    ] {
      #expect(MemoryReading(info: odd) == nil)
    }
    #expect(
      MemoryReading.text(0) == "0 B" && MemoryReading.text(1536) == "1.5 KiB"
        && MemoryReading.text(200 * mebi) == "200 MiB")
  }
}
