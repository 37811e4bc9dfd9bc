import SluicePasswords
import Testing

@Suite struct PasswordTests {
  /// RFC 7914, section 12, the third vector, in the form that password tools share.
  private static let vector =
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"

  @Test("scrypt is RFC 7914's, and no other password is right")
  func vector() throws {
    let stored = try StoredPassword(parsing: Self.vector)
    #expect(stored.isSlow)
    #expect(stored.isRight(Array("pleaseletmein".utf8)))
    #expect(!stored.isRight(Array("pleaseletmeim".utf8)) && !stored.isRight([]))
    #expect(try StoredPassword(parsing: Self.vector + "==").isRight(Array("pleaseletmein".utf8)))
  }

  @Test("What is made is salted, and right")
  func made() throws {
    let (one, other) = (try StoredPassword.make("geheim é".utf8), try StoredPassword.make("geheim é".utf8))
    #expect(one != other && one.hasPrefix("$scrypt$ln=14,r=8,p=1$"))
    #expect(try StoredPassword(parsing: one).isRight(Array("geheim é".utf8)))
    #expect(try !StoredPassword(parsing: other).isRight(Array("geheim e".utf8)))
  }

  @Test("What ACL LIST of Redis shows is taken, and what stands in a file")
  func others() throws {
    // SHA-256 of "pw".
    let digest = try StoredPassword(
      parsing: "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4")
    #expect(!digest.isSlow && digest.isRight(Array("pw".utf8)) && !digest.isRight(Array("pv".utf8)))
    let plain = StoredPassword(plain: "pw".utf8)
    #expect(!plain.isSlow && plain.isRight(Array("pw".utf8)) && !plain.isRight(Array("pw ".utf8)))
    #expect("\(plain) \(digest)" == "*** ***" && !String(reflecting: plain).contains("112"))
  }

  @Test(arguments: [
    "pw", "", "#30c9", "#zz", "$scrypt$", "$scrypt$ln=14,r=8,p=1$U29kaXVt$", "$scrypt$ln=14,r=8$AAAA$BBBB",
    "$scrypt$ln=30,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgbVn/bg/26uQT446qbVD9lRdofI",
    "$scrypt$ln=20,r=32,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgbVn/bg/26uQT446qbVD9lRdofI",
    "$scrypt$ln=9223372036854775807,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgbVn/bg/26uQT446qbVD9lRdofI",
    "$scrypt$ln=14,r=-8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgbVn/bg/26uQT446qbVD9lRdofI", "$2b$10$abc",
  ])
  func wrong(_ text: String) {
    #expect(throws: PasswordProblem.self) { try StoredPassword(parsing: text) }
  }

  @Test("What was given is recognised for the same passwords alone")
  func memory() throws {
    let memory = PasswordMemory()
    let (one, other) = (StoredPassword(plain: "a".utf8), StoredPassword(plain: "b".utf8))
    let given = Array("x".utf8)
    #expect(memory.code(of: given, for: [one]) == memory.code(of: given, for: [one]))
    #expect(memory.code(of: given, for: [one]) != memory.code(of: given, for: [other]))
    #expect(memory.code(of: given, for: [one]) != memory.code(of: Array("y".utf8), for: [one]))
    #expect(memory.code(of: given, for: [one]) != PasswordMemory().code(of: given, for: [one]))
  }
}
