import SluiceLoadGenerator
import Testing

@testable import SluiceConfiguration

@Suite struct UserConfigurationTests {
  private func problems(_ yaml: String, _ options: ServeOptions = ServeOptions()) -> [String] {
    do throws(ConfigurationError) {
      _ = try ServeConfiguration.load(yaml: yaml, options: options)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test("Everything that may be said of users")
  func everything() throws {
    let folder = try ScratchFolder()
    let files = [try folder.write("a", "first\n"), try folder.write("b", "second\nnot this\n")]
    let configuration = try ServeConfiguration.load(
      yaml: """
        users:
          - name: shop
            password: "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4"
            password_file: [\(files[0]), \(files[1])]
            commands: +@read -@dangerous   +get
            keys: ["~shop:*", "%R~shared:* %W~log:*"]
          - {name: open, nopass: true, commands: [allcommands, -flushall], keys: allkeys}
          - {name: gone, enabled: false}
          - {name: default, commands: +@all -keys}
        deny_commands: [flushall, config|set, "@admin"]
        limits: {clients_per_address: 7}
        """)
    let users = configuration.users
    #expect(users.map(\.access.name) == ["shop", "open", "gone", "default"])
    #expect(users[0].passwords.count == 3 && users[0].passwordFiles == files)
    #expect(users[0].access.rules.commandsText == "-@all +@read -@dangerous +get")
    #expect(users[0].access.rules.keysText == "~shop:* %R~shared:* %W~log:*")
    #expect(users[1].access.takesAnyPassword && users[1].access.isOn)
    #expect(!users[2].access.isOn && users[2].access.rules.commandsText == "-@all")
    // What is not said of the user default is as without users.
    #expect(users[3].access.rules.hasAllKeys && users[3].access.rules.commandsText == "+@all -keys")
    #expect(configuration.deniedCommands.count == 3 && configuration.limits.clientsPerAddress == 7)
    for secret in ["30c952", "first", "second"] { #expect(!configuration.redacted.contains(secret)) }
    #expect(configuration.redacted.contains("deny_commands: [\"flushall\", \"config|set\", \"@admin\"]"))
  }

  @Test(
    "What is wrong with a user is said with its line",
    arguments: [
      (
        "- {name: a, nopass: true, commands: +gett}",
        "users[0].commands: \"+gett\" is no command of any server"
      ),
      ("- {name: a, nopass: true, commands: +get|x}", "is no subcommand of get"),
      (
        "- {name: a, nopass: true, commands: +@reed}", "is no category of commands; there are @all, @keyspace"
      ),
      ("- {name: a, nopass: true, commands: get}", "is no rule about commands"),
      ("- {name: a, nopass: true, keys: \"app:*\"}", "is no rule about keys"),
      ("- {name: a, nopass: true, keys: \"allkeys ~a\"}", "would change nothing"),
      ("- {name: a}", "users[0].name: \"a\" has no password; set password"),
      (
        "- {name: a, password: secret}", "users[0].password: is no hash; make one by \"sluice hash-password\""
      ),
      (
        "- {name: a, password: \"$scrypt$ln=31,r=8,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "costs too much"
      ),
      (
        "- {name: a, password_file: nowhere}", "users[0].password_file: the file \"nowhere\" cannot be opened"
      ),
      (
        "- {name: a, nopass: true, password: \"#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4\"}",
        "users[0].nopass: is set although there is a password"
      ),
      ("- {name: default, nopass: true}", "password stands in auth.password_file"),
      ("- {nopass: true}", "users[0].name: is missing"),
      ("- {name: a b, nopass: true}", "is no name of a user"),
      ("- {name: a, nopass: true, comands: +get}", "did you mean commands?"),
      ("[{name: a, nopass: true}, {name: a, nopass: true}]", "users: has \"a\" twice"),
      ("app", "users: is not a list"),
    ])
  func wrong(user: String, reason: String) {
    let found = problems("users:\n  \(user)\n")
    #expect(found.count == 1 && found[0].contains(reason), "\(found)")
    #expect(found.allSatisfy { $0.hasSuffix("(line 2)") || $0.hasSuffix("(line 1)") }, "\(found)")
    #expect(found.allSatisfy { !$0.contains("secret") })
  }

  @Test("What nobody may do must be something")
  func denied() {
    #expect(problems("deny_commands: [flushal]")[0].contains("is no command of any server"))
    #expect(problems("deny_commands: AUTH")[0].contains("everybody may say before a login"))
    #expect(problems("deny_commands: [json.set, \"@json\"]").isEmpty)
    #expect(problems("limits: {clients_per_address: -1}")[0].contains("whole number"))
  }

  @Test(
    "A door whose default user is off is not open to everybody; one beside which users mean nothing is warned about"
  )
  func doors() throws {
    let open =
      "listen: 0.0.0.0:6400\nusers:\n  - {name: a, password: \"#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4\"}\n"
    #expect(problems(open).count == 1 && problems(open)[0].contains("nobody is asked for a password"))
    #expect(problems(open + "  - {name: default, enabled: false}\n").isEmpty)
    let off = try ServeConfiguration.load(yaml: open + "  - {name: default, enabled: false}\n")
    #expect(off.wouldBeOpen(with: []) && !off.wouldBeOpen(with: off.users))
    let folder = try ScratchFolder()
    let file = try folder.write("pw", "pw\n")
    let shared = problems(
      "users: [{name: a, password: \"#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4\"}]\nauth: {control_password_file: \(file)}\n"
    )
    #expect(shared.count == 1 && shared[0].contains("has the password of the control port"), "\(shared)")
    let local = open.replacing("0.0.0.0", with: "127.0.0.1")
    let warnings = try ServeConfiguration.load(yaml: local).warnings
    #expect(warnings.contains { $0.contains("whoever does not log in may do everything") })
    let limited = try ServeConfiguration.load(yaml: local + "  - {name: default, commands: +ping}\n")
    #expect(limited.warnings.allSatisfy { !$0.contains("log in") })
  }
}
