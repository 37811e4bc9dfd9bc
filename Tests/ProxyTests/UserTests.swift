import SluiceAccess
import SluiceCommands
import SluicePasswords
import SluiceProxy
import SluiceRouting
import Testing

/// Who may do what, from the socket to the stacks.
@Suite(.serialized) struct UserTests {
  /// Users with their rules: `app ~app:* +@read -get`; the password of each is its name.
  static func list(_ lines: String..., denied: [String] = []) throws -> AccessList {
    var list = AccessList()
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      var user = AccessList.User(AccessUser(words[0]), passwords: [StoredPassword(plain: words[0].utf8)])
      for word in words.dropFirst() {
        switch word.first {
        case "~", "%": try user.access.rules.add(key: word)
        case "+", "-": try user.access.rules.add(command: word)
        default: user.access.isOn = word != "off"
        }
      }
      list.users.append(user)
    }
    list.denied = try denied.map { try CommandRule.subject($0) }
    return list
  }

  private static func settings(_ list: AccessList, password: String? = nil, threads: Int = 1) -> ProxySettings
  {
    var settings = ProxySettings()
    settings.threads = threads
    settings.access = list
    settings.password = password.map { DoorPassword(Array($0.utf8)) }
    return settings
  }

  private static let noGet = "-NOPERM this user has no permissions to run the 'get' command\r\n"
  private static let noKey =
    "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"

  @Test("Logging in: every way, in both protocols", arguments: [1, 2])
  func login(threads: Int) async throws {
    let list = try Self.list("app ~app:* +@all", "gone off +@all ~*")
    try await Bench.runRedis(Self.settings(list, password: "door", threads: threads), routing: .at(.shadow)) {
      bench, _, _ in
      let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
      let client = try bench.client()
      #expect(try client.ask("ACL", "WHOAMI") == "-NOAUTH Authentication required.\r\n")
      #expect(try client.ask("AUTH", "app", "door") == wrong)
      #expect(try client.ask("AUTH", "app", "app") == "+OK\r\n")
      #expect(try client.ask("ACL", "WHOAMI") == "$3\r\napp\r\n")
      // A wrong one changes nothing, and the next one is another user.
      #expect(try client.ask("AUTH", "nobody", "app") == wrong)
      #expect(try client.ask("ACL", "WHOAMI") == "$3\r\napp\r\n")
      #expect(try client.ask("CLIENT", "INFO").contains(" user=app "))
      #expect(try client.ask("AUTH", "door") == "+OK\r\n")
      #expect(try client.ask("ACL", "WHOAMI") == "$7\r\ndefault\r\n")
      #expect(try client.ask("AUTH", "default", "door") == "+OK\r\n")
      let three = try bench.client()
      #expect(try three.ask("HELLO", "3", "AUTH", "app", "app").hasPrefix("%7\r\n"))
      #expect(try three.ask("ACL", "WHOAMI") == "$3\r\napp\r\n")
      #expect(try three.ask("GET", "app:1") == "_\r\n")
      #expect(try three.ask("GET", "x") == Self.noKey)
      let list = try client.ask("CLIENT", "LIST")
      #expect(list.contains(" user=app ") && list.contains(" user=default "))
      // RESET is nobody again.
      #expect(try three.ask("RESET") == "+RESET\r\n")
      #expect(try three.ask("PING") == "-NOAUTH Authentication required.\r\n")
      #expect(try three.ask("HELLO", "2", "AUTH", "gone", "gone") == wrong)
      #expect(bench.proxy.guesses.figures.wrong == 3)
    }
  }

  @Test("What is not allowed reaches no stack, and is counted", arguments: [false, true])
  func nothingReachesAStack(asDefault: Bool) async throws {
    let rules = "+@all -get -@dangerous ~app:* %R~shared:*"
    let list = try Self.list(asDefault ? "default \(rules)" : "app \(rules)")
    try await Bench.runScripted(Self.settings(list), routing: .at(.shadow)) { bench, script in
      let client = try bench.client()
      if !asDefault { #expect(try client.ask("AUTH", "app", "app") == "+OK\r\n") }
      let asked = [
        "GET app:1", "STRLEN x", "SET shared:1 v", "SET app:1 v GET", "MGET app:1 x", "RENAME app:1 x",
        "FLUSHALL",
        "KEYS *", "NOPE x", "EVAL return 1 x", "CONFIG GET x", "CONFIG NOPE", "GET", "STRLEN shared:1",
      ].map { $0.split(separator: " ").map(String.init) }
      for words in asked { try client.send(command: words) }
      #expect(try script.legacy.command() == ["SET", "app:1", "v", "GET"])
      try script.legacy.send("$-1\r\n")
      #expect(try script.legacy.command() == ["STRLEN", "shared:1"])
      try script.legacy.send(":0\r\n")
      func no(_ command: String) -> String {
        "-NOPERM this user has no permissions to run the '\(command)' command\r\n"
      }
      let expected = [
        Self.noGet, Self.noKey, Self.noKey, "$-1\r\n", Self.noKey, Self.noKey, no("flushall"), no("keys"),
        "-ERR unknown command 'NOPE', with args beginning with: 'x' \r\n", Self.noKey, no("config|get"),
        "-ERR unknown subcommand 'NOPE'. Try CONFIG HELP.\r\n",
        "-ERR wrong number of arguments for 'get' command\r\n", ":0\r\n",
      ]
      for reply in expected { #expect(try client.reply() == reply) }
      // The mirror is told what was done, and nothing else.
      #expect(try script.new.command() == ["SET", "app:1", "v"])
      try script.new.send("+OK\r\n")
      #expect(try script.new.command() == ["STRLEN", "shared:1"])
      try script.new.send(":0\r\n")
      let refusals = bench.figures().refusals.ranked
      #expect(refusals.allSatisfy { $0.place.reason == "no_permission" })
      let counts = Dictionary(
        uniqueKeysWithValues: refusals.map {
          (CommandTable.shared.name(of: $0.place.command), $0.tally.count)
        })
      #expect(
        counts == [
          "GET": 1, "STRLEN": 1, "SET": 1, "MGET": 1, "RENAME": 1, "FLUSHALL": 1, "KEYS": 1, "EVAL": 1,
          "CONFIG|GET": 1,
        ])
    }
  }

  @Test("Inside of MULTI: refused when it comes, and the whole at its EXEC", arguments: [1, 2])
  func transactions(threads: Int) async throws {
    let list = try Self.list("app ~app:* +@all -get", "none ~* +@all -exec")
    try await Bench.runRedis(Self.settings(list, threads: threads), routing: .at(.dualwrite)) {
      bench, legacy, new in
      let client = try bench.client()
      #expect(try client.ask("AUTH", "app", "app") == "+OK\r\n")
      let spoiled = "-EXECABORT Transaction discarded because of previous errors.\r\n"
      for (wrong, words) in [("GET app:1", Self.noGet), ("SET x 1", Self.noKey)] {
        try client.send("MULTI\r\nSET app:1 1\r\n\(wrong)\r\nEXEC\r\n")
        for reply in ["+OK\r\n", "+QUEUED\r\n", words, spoiled] { #expect(try client.reply() == reply) }
      }
      #expect(try legacy.client().ask("DBSIZE") == ":0\r\n")
      try client.send("MULTI\r\nSET app:1 1\r\nSTRLEN app:1\r\nEXEC\r\n")
      for reply in ["+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*2\r\n+OK\r\n:1\r\n"] {
        #expect(try client.reply() == reply)
      }
      #expect(try client.ask("AUTH", "none", "none") == "+OK\r\n")
      try client.send("MULTI\r\nSET app:2 1\r\nEXEC\r\nDISCARD\r\n")
      for reply in [
        "+OK\r\n", "+QUEUED\r\n",
        "-EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run the 'exec' command\r\n",
        "-ERR DISCARD without MULTI\r\n",
      ] { #expect(try client.reply() == reply) }
      #expect(eventually { (try? new.client().ask("KEYS", "*")) == "*1\r\n$5\r\napp:1\r\n" })
    }
  }

  @Test("Other rules act at once, and who is no user any more is cut off", arguments: [1, 2])
  func otherRules(threads: Int) async throws {
    let list = try Self.list("app ~app:* +@all", "gone ~* +@all", "off ~* +@all")
    try await Bench.runRedis(Self.settings(list, threads: threads), routing: .at(.shadow)) {
      bench, legacy, _ in
      let clients = try ["app", "gone", "off", "app"].map { name in
        let client = try bench.client()
        #expect(try client.ask("AUTH", name, name) == "+OK\r\n")
        return client
      }
      let nobody = try bench.client()
      #expect(try clients[0].ask("SET", "app:1", "v") == "+OK\r\n")
      try clients[3].send(
        "MULTI\r\nSET app:2 v\r\nGET app:2\r\nEXEC\r\nMULTI\r\nSET app:3 v\r\nGET app:3\r\n")
      for _ in 0..<7 { _ = try clients[3].reply() }
      bench.takeUp(try Self.list("app ~app:* ~other:* +@all -get", "off off ~* +@all"))
      #expect(try clients[0].ask("GET", "app:1") == Self.noGet)
      #expect(try clients[0].ask("SET", "other:1", "v") == "+OK\r\n")
      #expect(try clients[1].untilClosed() == "")
      // Who may not log in any more stays in.
      #expect(try clients[2].ask("GET", "app:1") == "$1\r\nv\r\n")
      #expect(
        try bench.client().ask("AUTH", "off", "off")
          == "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
      #expect(try nobody.ask("GET", "app:1") == "$1\r\nv\r\n")
      // Nothing of what was queued under the old rules is done.
      #expect(
        try clients[3].ask("EXEC")
          == "-EXECABORT ACLs rules changed between the moment the transaction was accumulated and the EXEC call: "
          + String(Self.noGet.dropFirst()))
      #expect(try legacy.client().ask("EXISTS", "app:2", "app:3") == ":1\r\n")
    }
  }

  @Test("The default user can be off, and then nobody is in who has not logged in")
  func defaultIsOff() async throws {
    try await Bench.runMemory(
      Self.settings(try Self.list("default off +@all ~*", "app ~* +@all")), routing: .at(.shadow)
    ) { bench in
      let client = try bench.client()
      #expect(try client.ask("PING") == "-NOAUTH Authentication required.\r\n")
      #expect(try client.ask("AUTH", "x").hasPrefix("-WRONGPASS "))
      #expect(try client.ask("AUTH", "app", "app") == "+OK\r\n")
      #expect(try client.ask("PING") == "+PONG\r\n")
    }
  }

  @Test("What nobody may do, the default user included")
  func denied() async throws {
    let list = try Self.list("app ~* +@all", denied: ["flushall", "@admin"])
    try await Bench.runMemory(Self.settings(list), routing: .at(.shadow)) { bench in
      let client = try bench.client()
      for _ in 0..<2 {
        #expect(try client.ask("SET", "a", "1") == "+OK\r\n")
        #expect(try client.ask("FLUSHALL").hasPrefix("-NOPERM "))
        #expect(try client.ask("CONFIG", "GET", "x").hasPrefix("-NOPERM "))
        #expect(try client.ask("FLUSHDB") == "+OK\r\n")
        #expect(try client.ask("AUTH", "app", "app") == "+OK\r\n")
      }
    }
  }

  @Test("ACL tells what there is, and changes nobody")
  func acl() async throws {
    let list = try Self.list("app ~app:* %R~s:* +@read -get", "zoe off")
    try await Bench.runRedis(Self.settings(list, password: "door"), routing: .at(.shadow)) { bench, _, _ in
      let client = try bench.client()
      #expect(try client.ask("AUTH", "door") == "+OK\r\n")
      #expect(try client.ask("ACL", "USERS") == "*3\r\n$3\r\napp\r\n$7\r\ndefault\r\n$3\r\nzoe\r\n")
      let lines = try client.ask("ACL", "LIST")
      #expect(lines.contains("user app on #*** ~app:* %R~s:* resetchannels -@all +@read -get\r\n"))
      #expect(lines.contains("user default on #*** ~* &* +@all\r\n"))
      #expect(lines.contains("user zoe off #*** resetchannels -@all\r\n"))
      #expect(
        try client.ask("ACL", "GETUSER", "app")
          == "*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$3\r\n***\r\n$8\r\ncommands\r\n$17\r\n"
          + "-@all +@read -get\r\n$4\r\nkeys\r\n$13\r\n~app:* %R~s:*\r\n$8\r\nchannels\r\n$0\r\n\r\n$9\r\nselectors\r\n*0\r\n"
      )
      #expect(try client.ask("ACL", "GETUSER", "nobody") == "$-1\r\n")
      #expect(try client.ask("ACL", "CAT").hasPrefix("*21\r\n$8\r\nkeyspace\r\n"))
      #expect(try client.ask("ACL", "CAT", "SCRIPTING").contains("\r\neval\r\n"))
      #expect(try client.ask("ACL", "CAT", "foo") == "-ERR Unknown category 'foo'\r\n")
      #expect(try client.ask("ACL", "GENPASS").hasPrefix("$64\r\n"))
      #expect(try client.ask("ACL", "GENPASS", "5").hasPrefix("$2\r\n"))
      #expect(try client.ask("ACL", "GENPASS", "0").hasPrefix("-ERR ACL GENPASS argument must be "))
      #expect(
        try client.ask("ACL", "DRYRUN", "app", "set", "app:1", "x")
          == "$53\r\nThis user has no permissions to run the 'set' command\r\n")
      #expect(
        try client.ask("ACL", "DRYRUN", "app", "strlen", "x")
          == "$50\r\nThis user has no permissions to access the 'x' key\r\n")
      #expect(try client.ask("ACL", "DRYRUN", "app", "strlen", "app:x") == "+OK\r\n")
      #expect(try client.ask("ACL", "DRYRUN", "app", "nope") == "-ERR Command 'nope' not found\r\n")
      #expect(try client.ask("ACL", "DRYRUN", "no", "get", "x") == "-ERR User 'no' not found\r\n")
      #expect(try client.ask("ACL", "HELP").hasPrefix("*8\r\n+ACL CAT"))
      for words in [["SETUSER", "x"], ["DELUSER", "app"], ["LOAD"], ["SAVE"], ["LOG"]] {
        #expect(
          try client.ask(["ACL"] + words).hasPrefix("-ERR sluice: users are in the proxy's configuration"))
      }
      #expect(try client.ask("ACL", "NOPE") == "-ERR unknown subcommand 'NOPE'. Try ACL HELP.\r\n")
      #expect(try client.ask("HELLO", "3").hasPrefix("%7\r\n"))
      let map = try client.ask("ACL", "GETUSER", "app")
      #expect(map.hasPrefix("%6\r\n$5\r\nflags\r\n~1\r\n$2\r\non\r\n"))
      #expect(try client.ask("ACL", "GETUSER", "nobody") == "_\r\n")
      #expect(try client.ask("AUTH", "app", "app") == "+OK\r\n")
      #expect(try client.ask("ACL", "WHOAMI").hasPrefix("-NOPERM "))
    }
  }

  @Test("A hash that takes long holds up nobody else, and is looked at once")
  func slowHash() async throws {
    var list = try Self.list("app ~* +@all")
    list.users[0].passwords = [try StoredPassword(parsing: try StoredPassword.make("secret".utf8))]
    try await Bench.runMemory(Self.settings(list), routing: .at(.shadow)) { bench in
      let clients = try (0..<20).map { _ in try bench.client() }
      let other = try bench.client()
      for client in clients { try client.send("AUTH app secret\r\nACL WHOAMI\r\n") }
      // Before any of them can be through.
      #expect(try other.ask("PING") == "+PONG\r\n")
      for client in clients {
        #expect(try client.reply() == "+OK\r\n")
        #expect(try client.reply() == "$3\r\napp\r\n")
      }
      #expect(try other.ask("AUTH", "app", "secreT").hasPrefix("-WRONGPASS "))
      // Somebody who is not there has no other answer.
      #expect(try other.ask("AUTH", "nobody", "secret").hasPrefix("-WRONGPASS "))
      #expect(bench.proxy.guesses.figures.wrong == 2)
      #expect(try other.ask("HELLO", "2", "AUTH", "app", "secret").hasPrefix("*14\r\n"))
    }
  }

  @Test("So many clients of one address, and no more; others go on")
  func perAddress() async throws {
    var list = AccessList()
    list.clientsPerAddress = 3
    try await Bench.runMemory(Self.settings(list), routing: .at(.shadow)) { bench in
      var clients = try (0..<3).map { _ in try bench.client() }
      for client in clients { #expect(try client.ask("PING") == "+PONG\r\n") }
      #expect(try bench.client().untilClosed() == "-ERR max number of clients of your address reached\r\n")
      #expect(bench.proxy.turnedAwayByAddress == 1)
      #expect(
        bench.events.contains {
          if case .turnedAwayByAddress("127.0.0.1", maximum: 3) = $0 { true } else { false }
        })
      clients.removeLast().close()
      #expect(eventually { (try? bench.client().ask("PING")) == "+PONG\r\n" })
      // From the next one on.
      bench.takeUp(AccessList())
      clients += try (0..<5).map { _ in try bench.client() }
      for client in clients { #expect(try client.ask("PING") == "+PONG\r\n") }
    }
  }
}

extension Bench {
  /// Other rules, in force when this returns.
  func takeUp(_ list: AccessList) { wait { await $0.takeUp(list) } }
}
