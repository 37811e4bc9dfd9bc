import GRDB
import Testing

@testable import SluiceLedger

@Suite struct KeyTextTests {
  @Test(arguments: [
    ("user:1:cart", "user:"), ("user", ""), (":user", ""), ("", ""), ("a:", "a:"), ("cart.{u1}:x", "cart."),
    ("{u1}:cart", ""), (String(repeating: "x", count: 63) + ":", String(repeating: "x", count: 63) + ":"),
    (String(repeating: "x", count: 64) + ":", ""),
  ])
  func prefixEndsAtTheFirstColonOrHashTag(key: String, prefix: String) {
    #expect(KeyText(hashed: false).prefix(Array(key.utf8)) == prefix)
  }

  @Test func hashedKeysShowNothingButEquality() {
    let keys = KeyText(hashed: true)
    let other = KeyText(hashed: true)
    let key = Array("user:1".utf8)
    #expect(keys.key(key) == keys.key(key))
    #expect(keys.key(key) != keys.key(Array("user:2".utf8)))
    #expect(keys.key(key) != other.key(key))
    #expect(keys.prefix(key) == keys.prefix(Array("user:2".utf8)))
    #expect(keys.prefix(key).hasPrefix("#") && keys.prefix(key).count == 17)
    #expect(keys.prefix(Array("nothing".utf8)) == "")
  }

  @Test func bytesThatAreNoTextStayBytes() {
    let keys = KeyText(hashed: false)
    #expect(keys.key([0x61]) == "a".databaseValue)
    #expect(keys.key([0xff]) == blob([0xff]))
    #expect(keys.key([0x61, 0]) == blob([0x61, 0]))
    #expect(keys.key([]) == "".databaseValue)
    #expect(keys.prefix([0xff, 0x3a]) == "")
  }
}
