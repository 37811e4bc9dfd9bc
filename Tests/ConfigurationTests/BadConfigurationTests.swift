import Testing

@testable import SluiceConfiguration

/// One wrong configuration: what is written, where the problem is, and a part of the sentence that names it.
struct BadCase: Sendable, CustomTestStringConvertible {
  let yaml: String
  let path: String
  let says: String
  var testDescription: String { yaml }

  init(_ yaml: String, _ path: String, _ says: String) {
    (self.yaml, self.path, self.says) = (yaml, path, says)
  }
}

@Suite struct BadConfigurationTests {
  @Test("Every wrong file is refused with path, reason and advice", arguments: badFiles)
  func refused(_ bad: BadCase) throws {
    let error = try #require(throws: ConfigurationError.self) { try ServeConfiguration.load(yaml: bad.yaml) }
    #expect(error.problems.count == 1, "\(error)")
    #expect(error.problems.first?.path == bad.path, "\(error)")
    #expect(error.problems.first?.reason.contains(bad.says) == true, "\(error)")
  }

  @Test("One address is one door, whatever is spoken there")
  func oneDoor() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try ServeConfiguration.load(yaml: "listen: [127.0.0.1:6400, tls:127.0.0.1:6400]")
    }
    #expect(error?.description.contains("already taken by another listener") == true)
  }

  @Test("All problems are reported together, with their lines")
  func together() throws {
    let yaml = """
      listen: nowhere
      thread: 2
      stacks:
        new: {url: "redsi://secret@host", conect_timeout: 1s}
      limits:
        nesting: 0
      """
    let error = try #require(throws: ConfigurationError.self) {
      try ServeConfiguration.load(yaml: yaml, options: options { $0.threads = "many" })
    }
    #expect(
      error.description == """
        the configuration has 6 problems:
          listen: the port is missing; write host:port, for example 127.0.0.1:6400 (line 1)
          stacks.new.url: "redsi://…" has an unknown scheme; use redis://, unix:// or memory: (line 4)
          stacks.new.conect_timeout: is an unknown key; did you mean connect_timeout? (line 4)
          limits.nesting: "0" is not a whole number from 1 to 1024; write one (line 6)
          thread: is an unknown key; did you mean threads? (line 2)
          --threads: "many" is not a whole number from 1 to 64; write one
        """)
  }

  @Test(
    "No message repeats what may be a password",
    arguments: [
      "stacks: {new: 'redis://ann:hunter2'}", "stacks: {new: 'redsi://ann:hunter2@h'}",
      "stacks: {new: 'redis:ann:hunter2@h'}", "stacks: {new: 'ann:hunter2@h'}",
      "stacks: {new: 'redis://ann:hunter2@h:port'}", "stacks: {new: 'redis://ann:hunter2%zz@h'}",
      "stacks: {new: 'redis://ann:hunter2@h/db'}", "stacks: {new: {url: 'unix://ann:hunter2@relative'}}",
      "auth: hunter2", "auth: {password: hunter2}", "auth: {password_file: hunter2", "auth: 'hunter2\n- x: [",
      "stacks: {new: ['redis://ann:hunter2@h']}", "hunter2",
    ])
  func silent(_ yaml: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try ServeConfiguration.load(yaml: yaml) }
    #expect(!error.description.contains("hunter2"), "\(error)")
  }

  @Test("A file that is not there or too large is named")
  func noFile() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try ServeConfiguration.load(file: "/no/such.yaml")
    }
    #expect(error.problems.first?.path == "/no/such.yaml")
    #expect(throws: ConfigurationError.self) { try ServeConfiguration.load(file: "/dev/zero") }
  }
}

private let badFiles: [BadCase] = [
  // The file as a whole.
  BadCase("listen: [", "sluice.yaml", "is not valid YAML"),
  BadCase("\tlisten: a", "sluice.yaml", "is not valid YAML"),
  BadCase("threads: 1\nthreads: 2", "sluice.yaml", "has a key twice: threads"),
  BadCase("- listen", "the file", "is not a mapping"),
  BadCase("just text", "the file", "is not a mapping"),
  BadCase("[a]: 1", "the file", "has a key that is not text"),
  BadCase(String(repeating: "[", count: 5000), "sluice.yaml", "is not valid YAML"),
  // Unknown keys.
  BadCase("lisen: 127.0.0.1:1", "lisen", "did you mean listen?"),
  BadCase("zzz: 1", "zzz", "known here: admin, auth, control, copy"),
  BadCase("stacks: {old: 'memory:'}", "stacks.old", "known here: legacy, new"),
  BadCase("stacks: {new: {uri: 'memory:'}}", "stacks.new.uri", "did you mean url?"),
  BadCase("limits: {maxClients: 5}", "limits.maxClients", "did you mean max_clients?"),
  BadCase("auth: {password: x}", "auth.password", "did you mean password_file?"),
  BadCase("ledger: {retention: 3}", "ledger.retention", "did you mean retention_days?"),
  // Shapes.
  BadCase("stacks: 'memory:'", "stacks", "is not a mapping"),
  BadCase("limits: [1]", "limits", "is not a mapping"),
  BadCase("threads: [1]", "threads", "is not a single value"),
  BadCase("listen: {a: b}", "listen", "is not a single value"),
  BadCase("listen: []", "listen", "is an empty list"),
  BadCase("stacks: {new: ['memory:']}", "stacks.new", "is not a mapping"),
  // Addresses.
  BadCase("listen: 6400", "listen", "the port is missing"),
  BadCase("listen: ['127.0.0.1:1', '::1:6400']", "listen[1]", "needs brackets"),
  BadCase("control: 127.0.0.1:99999", "control", "not a number from 0 to 65535"),
  BadCase("control: unix:sock", "control", "must be absolute"),
  BadCase("listen: 127.0.0.1:6401", "control", "already taken by another listener"),
  BadCase("listen: [unix:/run/a, unix:/run/a]", "listen", "already taken by another listener"),
  // Stacks.
  BadCase("stacks: {new: 'redsi://h'}", "stacks.new", "\"redsi://…\" has an unknown scheme"),
  BadCase("stacks: {new: 'rediss://h?cafile=/c'}", "stacks.new", "and not cafile"),
  BadCase("stacks: {new: 'rediss://h?cert=/c'}", "stacks.new", "names a certificate but not its key"),
  BadCase("stacks: {new: 'rediss://h?ca=/no/such.pem'}", "stacks.new", "cannot be opened"),
  BadCase("stacks: {new: {url: 'redis://h', tls: {ca: /c}}}", "stacks.new.tls", "write rediss://"),
  BadCase(
    "stacks: {new: {url: 'rediss://h?check=chain', tls: {name: n}}}", "stacks.new.tls", "keep one of the two"),
  BadCase("stacks: {new: {url: 'rediss://h', tls: {check: yes}}}", "stacks.new.tls.check", "check=full"),
  BadCase("stacks: {new: {url: 'rediss://h', tls: {key: /k}}}", "stacks.new.tls.key", "add cert"),
  // Doors.
  BadCase("listen: tls:127.0.0.1:6443", "listen", "without a certificate"),
  BadCase("control: tls:127.0.0.1:6443", "control", "without a certificate"),
  BadCase("listen: tls:127.0.0.1", "listen", "the port is missing"),
  BadCase("tls: {cert: /c}", "tls.cert", "without its key"),
  BadCase("tls: {key: /k}", "tls.key", "without its certificate"),
  BadCase("tls: {cert: /c, key: /k}", "tls.cert", "no address speaks TLS"),
  BadCase("tls: {client_ca: /c}", "tls", "without a certificate"),
  BadCase(
    "{listen: 'tls:127.0.0.1:1', tls: {cert: /c, key: /k, client_certificates: required}}",
    "tls.client_certificates", "without a CA"),
  BadCase(
    "{listen: 'tls:127.0.0.1:1', tls: {cert: /c, key: /k, client_ca: /a, client_certificates: none}}",
    "tls.client_ca", "although client_certificates is none"),
  BadCase("{listen: 'tls:127.0.0.1:1', tls: {cert: /no/c, key: /no/k}}", "tls", "cannot be opened"),
  BadCase("tls: {minimum: 1.1}", "tls.minimum", "use 1.2, 1.3"),
  BadCase("tls: {handshake: 0}", "tls.handshake", "write 10ms to 5m"),
  BadCase("tls: {names: {a: b}}", "tls.names", "is not a list"),
  BadCase("tls: {names: [{name: a}]}", "tls.names[0].name", "needs name, cert and key"),
  BadCase("stacks: {new: 'localhost:6379'}", "stacks.new", "has no scheme"),
  BadCase("stacks: {new: 'localhost'}", "stacks.new", "has no scheme"),
  BadCase("stacks: {new: 'redis://'}", "stacks.new", "the host is missing"),
  BadCase("stacks: {new: 'redis://h:0'}", "stacks.new", "not a number from 1 to 65535"),
  BadCase("stacks: {new: 'redis://h/x'}", "stacks.new", "the database is not a number"),
  BadCase("stacks: {new: 'redis://h?db=1'}", "stacks.new", "takes no parameters"),
  BadCase("stacks: {new: 'redis://u:@h'}", "stacks.new", "the password before @ is empty"),
  BadCase("stacks: {new: 'redis://u@h'}", "stacks.new", "names a user but no password"),
  BadCase("stacks: {new: 'unix://relative'}", "stacks.new", "must be absolute"),
  BadCase("stacks: {new: 'unix:///r?database=1'}", "stacks.new", "takes the parameter db alone"),
  BadCase("stacks: {new: 'memory:?size=1gb'}", "stacks.new", "takes the parameter max alone"),
  BadCase("stacks: {new: 'memory:?max=1kb'}", "stacks.new", "is less than 1mb"),
  BadCase("stacks: {legacy: 'redis://h', new: 'redis://h:6379/0'}", "stacks.new", "is the same database"),
  BadCase("stacks: {legacy: 'unix:/r', new: 'unix:///r'}", "stacks.new", "is the same database"),
  BadCase("stacks: {legacy: 'redis://127.0.0.1:6400'}", "stacks.legacy", "where Sluice itself listens"),
  BadCase(
    "stacks: {new: {connect_timeout: 1}}", "stacks.new.connect_timeout", "has no unit; write 1ms or 1s"),
  BadCase("stacks: {new: {command_timeout: 0}}", "stacks.new.command_timeout", "write 10ms to 1h"),
  BadCase(
    "stacks: {new: {url: 'redis://h', password_file: /no/such}}", "stacks.new.password_file",
    "cannot be opened"),
  // Numbers, durations, sizes.
  BadCase("threads: 0", "threads", "from 1 to 64"),
  BadCase("threads: 1.5", "threads", "from 1 to 64"),
  BadCase("threads: 99999999999999999999", "threads", "from 1 to 64"),
  BadCase("timeouts: {connect: 1 second}", "timeouts.connect", "is not a duration"),
  BadCase("timeouts: {command: -1s}", "timeouts.command", "is not a duration"),
  BadCase(
    "timeouts: {reconnect_initial: 5s}", "timeouts.reconnect_initial", "is longer than reconnect_max (2s)"),
  BadCase("flags: {path: ''}", "flags.path", "is an empty path"),
  BadCase("flags: {allow_reshuffle: maybe}", "flags.allow_reshuffle", "neither true nor false"),
  BadCase("ledger: {retention_days: -1}", "ledger.retention_days", "from 0 to 36500"),
  BadCase("ledger: {hash_keys: 1}", "ledger.hash_keys", "neither true nor false"),
  BadCase("ledger: {preview_bytes: 1mb}", "ledger.preview_bytes", "write a size from 0 to 64kb"),
  BadCase("ledger: {queue: 0}", "ledger.queue", "from 1000"),
  BadCase("ledger: {figures_interval: 1ms}", "ledger.figures_interval", "write 1s to 1h"),
  BadCase("mirror: {queue_commands: 0}", "mirror.queue_commands", "from 1"),
  BadCase("mirror: {ttl_tolerance: 2h}", "mirror.ttl_tolerance", "write 0 to 1h"),
  BadCase("mirror: {queue_bytes: 64 MB}", "mirror.queue_bytes", "is not a size"),
  BadCase("copy: {slice: 0}", "copy.slice", "write 1ms to 1s"),
  BadCase("copy: {slice: 2m}", "copy.slice", "write 1ms to 1s"),
  BadCase("copy: {hold: forever}", "copy.hold", "is not a duration"),
  BadCase("copy: {holds: 1s}", "copy.holds", "did you mean hold?"),
  BadCase("limits: {frame_bytes: 1tb}", "limits.frame_bytes", "is not a size"),
  BadCase("limits: {frame_bytes: 9223372036854775807gb}", "limits.frame_bytes", "is too large"),
  BadCase("limits: {client_idle: 10ms}", "limits.client_idle", "or 0 for never"),
  BadCase("limits: {max_clients: many}", "limits.max_clients", "from 1 to 1000000"),
  BadCase("limits: {client_output_stall: 0}", "limits.client_output_stall", "write 10ms to 1h"),
  BadCase("auth: {password_file: /no/such}", "auth.password_file", "cannot be opened"),
  BadCase("auth: {password_file: /dev/null}", "auth.password_file", "is empty"),
  BadCase("drain: {deadline: 1d}", "drain.deadline", "write 0 to 10m"),
  BadCase("log: {level: loud}", "log.level", "is no log level; use trace, debug"),
]
