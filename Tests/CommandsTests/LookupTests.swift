import Testing

@testable import SluiceCommands

@Suite struct LookupTests {
  let table = CommandTable.shared

  func lookup(_ name: [UInt8]) -> Int { table.lookup(name.span) }
  func lookup(_ name: String) -> Int { lookup(Array(name.utf8)) }

  @Test func idsAreDense() {
    #expect(table.specs.enumerated().allSatisfy { $0.offset == $0.element.id })
    #expect(Set(table.specs.map(\.name)).count == table.specs.count)
  }

  @Test func everyNameIsFoundInEveryCase() {
    var count = 0
    for spec in table.specs.dropFirst(2) {
      let word = spec.name.split(separator: "|").last.map(String.init) ?? ""
      let mixed = String(
        word.enumerated().map { $0.offset % 2 == 0 ? Character($0.element.lowercased()) : $0.element })
      for spelling in [word, word.lowercased(), mixed] {
        let bytes = Array(spelling.utf8)
        let id = spec.container.map { table.lookup(subcommand: bytes.span, of: $0) } ?? lookup(bytes)
        #expect(id == spec.id, "\(spelling)")
        count += 1
      }
    }
    #expect(count == 3 * (table.specs.count - 2))
  }

  /// Every other byte at every place, and every truncation, is another command or none.
  @Test(arguments: [
    "GET", "SET", "MGET", "HGETALL", "EXPIREAT", "GEORADIUS", "ZREVRANGEBYSCORE", "GEORADIUSBYMEMBER_RO",
  ])
  func mutationsAreNotTaken(name: String) {
    let names = Dictionary(
      uniqueKeysWithValues: table.specs.dropFirst(2).filter { $0.container == nil }.map { ($0.name, $0.id) })
    let original = Array(name.utf8)
    for place in original.indices {
      for byte in UInt8.min...UInt8.max {
        var mutated = original
        mutated[place] = byte
        // By characters, not by String.uppercased: a name is bytes, and only a to z have two cases.
        let upper = mutated.map { (97...122).contains($0) ? $0 - 32 : $0 }
        let expected = upper.allSatisfy { $0 < 128 } ? names[String(decoding: upper, as: UTF8.self)] : nil
        #expect(lookup(mutated) == expected ?? CommandTable.unknownID, "\(mutated)")
      }
      let short = Array(original[..<place])
      #expect(lookup(short) == names[String(decoding: short, as: UTF8.self)] ?? CommandTable.unknownID)
    }
    #expect(lookup(original + [0]) == CommandTable.unknownID)
  }

  @Test(arguments: [
    "", "\0", "GET\0", "\0GET", "NOSUCH", "GE", "GETT", "CLIENT|LIST", "LIST", "UNKNOWN",
    "UNKNOWN SUBCOMMAND",
    "UNKNOWNSUBCOMMAND", "SETINFO", "COUNT-FAILURE-REPORTS", "ＧＥＴ", "AVERYLONGNAMEOFMORETHAN24BYTES",
    "GEORADIUSBYMEMBER_RO\0\0\0\0", "GEORADIUSBYMEMBER_RO\0\0\0\0\0",
  ])
  func unknownNames(name: String) {
    #expect(lookup(name) == CommandTable.unknownID)
  }

  @Test func theUnknownIsAWriteRoutedByItsFirstArgument() {
    let unknown = table.specs[CommandTable.unknownID]
    #expect(unknown.access == .write && unknown.scope == .keyed && unknown.hasSingleKeyAtOne)
    #expect(unknown.comparison == .never && unknown.split == .none && unknown.accepts(count: 1))
  }

  @Test func subcommandsAreResolved() {
    #expect(Invocation("client list").spec.name == "CLIENT|LIST")
    #expect(Invocation("Object Encoding k").spec.name == "OBJECT|ENCODING")
    #expect(Invocation("client setinfo lib-name x").spec.scope == .local(.clientSetInfo))
    #expect(Invocation("command").spec.scope == .local(.command))
    #expect(Invocation("acl list").spec.name == "ACL|LIST")
    for wrong in ["client nosuch", "object \"\"", "command get", "xinfo list", "client GETNAME\0"] {
      #expect(Invocation(wrong).spec.id == CommandTable.unknownSubcommandID, "\(wrong)")
    }
    #expect(Invocation([] as [String]).spec.id == CommandTable.unknownID)
    #expect(Invocation("get list").spec.name == "GET")
  }

  @Test func arity() {
    #expect(Invocation("GET k").spec.accepts(count: 2))
    #expect(!Invocation("GET k").spec.accepts(count: 3))
    #expect(Invocation("MGET k").spec.accepts(count: 9))
    #expect(!Invocation("MGET k").spec.accepts(count: 1))
    #expect(
      Invocation("client id").spec.wrongArityMessage
        == "ERR wrong number of arguments for 'client|id' command")
  }
}
