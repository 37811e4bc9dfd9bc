import SluiceAccess
import SluiceCommands
import SluiceRESP
import Testing

@Suite struct RuleTests {
  private func rules(_ commands: String, _ keys: String = "allkeys") throws -> AccessRules {
    var rules = AccessRules()
    for word in commands.split(separator: " ") { try rules.add(command: String(word)) }
    for word in keys.split(separator: " ") { try rules.add(key: String(word)) }
    return rules
  }

  private func denial(_ permit: Permit?, _ call: String) -> Permit.Denial? {
    let frame = InlineRequest.frame(of: call.split(separator: " ").map { Array($0.utf8) })
    var reader = RequestFramer(limits: FrameLimits())
    guard case .command = reader.next(frame.span) else { return nil }
    let arguments = reader.arguments
    let table = CommandTable.shared
    var indices: [Int] = []
    return permit?.denial(
      of: table.resolve(in: frame.span, arguments: arguments.span), in: table, frame.span, arguments.span,
      &indices)
  }

  @Test("Who may do everything has no permit, and nobody asks")
  func everything() throws {
    #expect(Permit(.everything, denied: [], in: .shared) == nil)
    #expect(try Permit(rules("+@all"), denied: [], in: .shared) == nil)
    #expect(try Permit(rules("-get allcommands"), denied: [], in: .shared) == nil)
    #expect(try Permit(rules("allcommands -get"), denied: [], in: .shared) != nil)
    #expect(try Permit(rules("allcommands", "~a*"), denied: [], in: .shared) != nil)
    #expect(Permit(.everything, denied: [.command("KEYS")], in: .shared) != nil)
  }

  @Test("What nobody may do is behind the rules of everybody")
  func denied() throws {
    let denied = [try CommandRule.subject("@dangerous"), try CommandRule.subject("config|get")]
    let permit = Permit(try rules("+@all +flushall"), denied: denied, in: .shared)
    #expect(denial(permit, "FLUSHALL") == .command)
    #expect(denial(permit, "CONFIG GET x") == .command)
    #expect(denial(permit, "GET a") == nil)
    // What is said before a login.
    let nobody = Permit(AccessRules(), denied: [.all], in: .shared)
    for call in ["AUTH a", "HELLO 3", "QUIT", "RESET"] { #expect(denial(nobody, call) == nil, "\(call)") }
    #expect(denial(nobody, "PING") == .command)
  }

  @Test("A command of no table is never allowed, and one that a server tells of is by its categories")
  func unknown() throws {
    let permit = Permit(try rules("+@read +new.cmd"), denied: [], in: .shared)
    #expect(denial(permit, "NEW.CMD a") == .command)
    #expect(denial(permit, "FOO a") == .command)
    // name, arity, flags, first, last, step, categories, tips, specifications, subcommands
    let reply =
      "*2\r\n*10\r\n$7\r\nnew.cmd\r\n:-2\r\n*1\r\n+write\r\n:1\r\n:1\r\n:1\r\n*1\r\n+@write\r\n*0\r\n*0\r\n*0\r\n"
      + "*10\r\n$6\r\nnewget\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n*2\r\n+@read\r\n+@json\r\n*0\r\n*0\r\n*0\r\n"
    let told = ServerCommand.all(in: Array(reply.utf8).span)
    let table = CommandTable.inForce(legacy: told, new: nil)
    let laterRules = try rules("+@json +new.cmd")
    let later = try #require(Permit(laterRules, denied: [], in: table))
    #expect(later.allows(command: table.lookup(Array("newget".utf8).span)))
    #expect(later.allows(command: table.lookup(Array("NEW.CMD".utf8).span)))
    #expect(!later.allows(command: table.lookup(Array("GET".utf8).span)))
    let otherRules = try rules("+@write")
    let other = try #require(Permit(otherRules, denied: [], in: table))
    #expect(!other.allows(command: table.lookup(Array("newget".utf8).span)))
  }

  @Test("Rules are shown as Redis shows them since 7.2")
  func shown() throws {
    #expect(try rules("+@read -get +config|get").commandsText == "-@all +@read -get +config|get")
    #expect(try rules("+get allcommands -flushall").commandsText == "+@all -flushall")
    #expect(try rules("+get nocommands").commandsText == "-@all")
    #expect(AccessRules().commandsText == "-@all" && AccessRules().keysText.isEmpty)
    #expect(try rules("", "~a %R~b %W~c %rw~d ~b").keysText == "~a ~b %W~c ~d")
    #expect(try rules("", "~a allkeys").keysText == "~*")
  }

  @Test("Each version has its own words")
  func words() {
    func words(_ version: String, _ denial: Permit.Denial) -> String {
      AccessWords(version: version.utf8).noPermission(denial, user: "app", command: "CONFIG|SET")
    }
    #expect(
      words("6.2.5", .command)
        == "NOPERM this user has no permissions to run the 'config' command or its subcommand")
    #expect(
      words("7.0.15", .command) == "NOPERM this user has no permissions to run the 'config|set' command")
    for version in ["7.2.4", "8.2.3"] {
      #expect(
        words(version, .command) == "NOPERM User app has no permissions to run the 'config|set' command")
      #expect(words(version, .key(1)) == "NOPERM No permissions to access a key")
    }
    for version in ["6.2.5", "7.0.15", "", "x.y"] {
      #expect(
        words(version, .key(1))
          == "NOPERM this user has no permissions to access one of the keys used as arguments")
    }
  }
}
