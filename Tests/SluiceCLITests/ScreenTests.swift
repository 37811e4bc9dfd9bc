import Foundation
import Logging
import SluiceConfiguration
import Testing
import UnixSignals

@testable import SluiceCLI

@Suite struct ScreenTests {
  @Test("The status is one readable screen")
  func status() throws {
    let screen = try render(
      """
      {"version":"0.1.0","uptime_seconds":3725,"stage":"live","effective_stage":"live","percent":25.0,
       "rolled_back":false,"rollback":null,
       "flags":{"path":"flags/sluice.flagd.json","version":"ab12","error":null,
         "loaded_at":"2026-01-02T03:04:05Z"},
       "listen":["127.0.0.1:6400"],"control":["127.0.0.1:6401"],
       "stacks":{"legacy":{"endpoint":"redis://old:6379","health":"up","in_flight":3,"mirror_queue":0,"suspects":0,
         "operations":1234567,"errors":0,"p50_us":80,"p99_us":450},
        "new":{"endpoint":"redis://new:6379","health":"down","since":"2026-01-02T03:00:00Z",
         "reason":"connection refused","in_flight":0,"mirror_queue":12,"suspects":40,"operations":99,"errors":7,
         "suspects_made":1050,"suspects_repaired":1000,"suspects_deleted":10,
         "p50_us":90,"p99_us":500}},
       "clients":{"connected":50,"total":1000,"cut_off":1},
       "refusals":[
         {"command":"MULTI","reason":"transaction","count":2000,"first_at":"2026-01-02T03:00:00Z",
          "last_at":"2026-01-02T03:04:05Z","client":"shop","library":"redis-py 5.0.8","address":"10.0.0.7:50000"},
         {"command":"EVAL","reason":"script","count":1,"last_at":"2026-01-02T03:04:05Z","client":"","library":"",
          "address":"10.0.0.8:50000"},
         {"command":"A"},{"command":"B"},{"command":"C"},{"command":"D"},{"command":"E"}],
       "compare":{"matched":1000,"ignored":5,"superseded":2,"diverged":1,"dropped":0,"verdict":"differs"},
       "mirror":{"writes":10,"dropped_writes":0,"errors":0},
       "ledger":{"path":"sluice.db","health":"ok","reason":null,"queued":0,"lost_samples":0}}
      """)
    #expect(
      screen == """
        sluice 0.1.0 on 127.0.0.1:6400, up 1 h 2 m, control 127.0.0.1:6401
        stage        live, 25 % of the keys on new

        stack   health  in flight  mirror queue  suspects  operations  errors  endpoint
        legacy  up              3             0         0   1 234 567       0  redis://old:6379
        new     DOWN            0            12        40          99       7  redis://new:6379
        new suspects: 1 050 made, 1 000 repaired, 10 deleted
        new is down since 2026-01-02T03:00:00Z: connection refused

        compare      DIFFERS: see "sluice report" for what
                     matched 1 000, ignored 5, superseded 2, diverged 1, dropped 0
        mirror       writes 10, dropped writes 0, errors 0
        clients      50 connected, 1 000 in all, 1 cut off
        REFUSED      MULTI 2 000 (transaction), last at 2026-01-02T03:04:05Z by shop, redis-py 5.0.8, 10.0.0.7:50000
                     EVAL 1 (script), last at 2026-01-02T03:04:05Z by 10.0.0.8:50000
                     A - (-)
                     B - (-)
                     C - (-)
                     and 2 more: sluice status --json
        flags        flags/sluice.flagd.json, version ab12, loaded 2026-01-02T03:04:05Z
        ledger       ok, sluice.db, queued 0, samples lost 0
        way back     sluice rollback "why"

        """)
  }

  @Test("The last minute and hour have how clients waited, and what each stack did in each role")
  func recent() throws {
    func span(_ seconds: Int) -> String {
      #"{"seconds": \#(seconds), "commands": {"all": {"commands": 660, "p50_us": 151, "p99_us": 2047}},"#
        + #""held": {"fence": {"commands": 12, "p50_us": 900, "p99_us": 4095}}}"#
    }
    func work(_ operations: Int, _ rate: Double, _ hits: String = "null") -> String {
      #"{"operations": \#(operations), "per_second": \#(rate), "hit_percent": \#(hits), "errors": 2, "p50_us": 143,"#
        + #""p99_us": 1023}"#
    }
    let json = """
      {"clients": {"waits": {"last_minute": \(span(66)), "last_hour": \(span(66))}}, "stacks": {
       "legacy": {"last_minute": {"primary": \(work(600, 9.1, "99.94")), "mirror": \(work(0, 0))}},
       "new": {"last_minute": {"primary": \(work(60, 0.9)), "mirror": \(work(123_456, 1870.5))}}}}
      """
    #expect(
      try render(json).contains(
        """
        last    who              per s  hit %  errors  p50 us  p99 us
        minute  clients waited      10                    151   2 047
        minute  legacy, primary    9.1   99.9       2     143   1 023
        minute  new, primary       0.9              2     143   1 023
        minute  new, mirror      1 871              2     143   1 023
        held in the last hour before a stack was asked: fence 12 (p99 4 095 us)

        """))
    let longer = json.replacing(#""last_hour": {"seconds": 66"#, with: #""last_hour": {"seconds": 600"#)
    #expect(try render(longer).contains("hour    clients waited     1.1"))
  }

  @Test("The hour is a row for each minute")
  func hour() throws {
    let json = #"""
      {"windows": {"minutes": [{"at": "2026-01-02T03:04:00Z", "seconds": 60, "compared": 50, "missing": 0, "diverged": 1,
        "clients": {"commands": {"all": {"commands": 6000, "p50_us": 151, "p99_us": 2047}}, "held": {"key": {"commands": 3}}},
        "stacks": {"legacy": {"primary": {"operations": 5900, "per_second": 98.3, "hit_percent": 75, "errors": 0,
          "p99_us": 1023}}}}]}}
      """#
    let text = StatusScreen.hour(try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)))
    let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(
      lines[1] == ["03:04", "100", "151", "2", "047", "3", "98", "75.0", "0", "1", "023", "50", "0", "1"],
      "\(text)")
    #expect(StatusScreen.hour(.null).contains("nothing was counted"))
  }

  @Test("A rollback, a flags error and a degraded ledger cannot be overlooked")
  func trouble() throws {
    let screen = try render(
      """
      {"stage":"live","effective_stage":"off","percent":12.5,"rolled_back":true,
       "rollback":{"reason":"errors\\u001b[2J","who":"control 127.0.0.1","at":"2026-01-02T03:04:05Z"},
       "flags":{"path":"f.json","source":"file","error":"f.json: $.flags is missing"},
       "ledger":{"health":"degraded","reason":"disk full"}}
      """)
    #expect(
      screen.contains("ROLLED BACK: legacy answers every key, new gets nothing (flags still say live 12.5 %)")
    )
    #expect(screen.contains("ROLLED BACK  errors\\x1b[2J by control 127.0.0.1 at 2026-01-02T03:04:05Z"))
    #expect(screen.contains("ERROR: f.json: $.flags is missing"))
    #expect(screen.contains("the last good flags stay in force"))
    #expect(screen.contains("DEGRADED: disk full"))
    #expect(screen.contains("sluice rearm"))
    #expect(!screen.contains("\u{1b}"))
  }

  @Test("What was never in use is not said to be")
  func unused() throws {
    let screen = try render(
      """
      {"stage":"off","effective_stage":"off",
       "flags":{"path":"f.json","source":"built_in","version":"ab12","error":"line 1, column 2 is no JSON"},
       "ledger":{"path":"other.db","health":"off","reason":"is no ledger"},
       "journal":{"health":"off"}}
      """)
    #expect(
      screen.contains("flags        f.json, NOT USED: every key is answered by legacy until it is right\n"))
    #expect(screen.contains("ERROR: line 1, column 2 is no JSON"))
    #expect(!screen.contains("last good flags") && !screen.contains("ab12"))
    #expect(screen.contains("ledger       other.db, NOT USED, no evidence is kept: is no ledger\n"))
    #expect(screen.contains("suspects     do NOT outlive this process: serve has no --ledger"))
  }

  @Test("The way back from complete is another one")
  func complete() throws {
    let screen = try render("{\"stage\":\"complete\",\"effective_stage\":\"complete\"}")
    #expect(screen.contains("way back     sluice stage rampdown, then sluice verify --repair"))
    #expect(screen.contains("(sluice rollback \"why\" works at once, and empties legacy)"))
  }

  @Test("The verdict stands on the time since the flip, and kinds of divergences are told apart")
  func verdict() throws {
    let screen = try render(
      """
      {"compare":{"matched":7,"ignored":0,"superseded":0,"diverged":2003,"dropped":0,
       "kinds":{"value":3,"missing_in_new":2000,"x\\u001b[2J":1},"verdict":"cold",
       "since_flip":{"matched":0,"superseded":0,"diverged":2000,"dropped":0}}}
      """)
    #expect(
      screen.contains(
        """
        compare      COLD: what differs are keys that the new stack does not have; warm it, or wait
                     since the last flip: matched 0, superseded 0, diverged 2 000, dropped 0
                     since the start:     matched 7, ignored 0, superseded 0, diverged 2 003, dropped 0
                     diverged by kind:    missing_in_new 2 000, value 3, x\\x1b[2J 1

        """), "\(screen)")
  }

  @Test(
    "Zero of zero is hold, whatever the verdict says",
    arguments: [
      "{}", "{\"compare\":{\"matched\":0,\"diverged\":0,\"verdict\":\"pass\"}}", "[]", "7", "{\"compare\":1}",
    ])
  func hold(_ json: String) throws {
    #expect(try render(json).contains("HOLD: nothing compared yet"))
  }

  @Test("Numbers beyond all bounds do not matter")
  func hugeNumbers() throws {
    let screen = try render(
      "{\"uptime_seconds\":1e300,\"percent\":-1e300,\"stage\":\"live\",\"clients\":{\"connected\":1e300}}")
    #expect(screen.contains("clients      - connected"))
  }

  @Test("which is a table, even for keys with blanks and equals signs")
  func which() {
    let table = Which.table([
      "key=user:1 bucket=0x1234abcd position=12.345% variant=new primary=new why=fractional",
      "key=a why=b bucket=c bucket=0x00000001 position=0.000% variant=legacy primary=legacy why=by hand",
      "key=\u{1b}[2J", "nonsense",
    ])
    #expect(
      table.text() == """
        key               answered by  on new above  bucket      why
        user:1            new               12.345%  0x1234abcd  fractional
        a why=b bucket=c  legacy             0.000%  0x00000001  by hand
        \\x1b[2J           -                       -  -           -
        -                 -                       -  -           -
        """)
  }

  @Test("The start screen shows the way back first and no password")
  func start() {
    var configuration = ServeConfiguration()
    configuration.control = [.tcp(host: "127.0.0.1", port: 0)]
    configuration.stacks.new.endpoint = .redis(
      host: "h", port: 1, user: nil, password: Secret("hunter2"), database: 0)
    let screen = StartupScreen.render(
      configuration, version: "0.1.0", control: [.tcp(host: "127.0.0.1", port: 7001)], stage: "shadow")
    let lines = screen.split(separator: "\n")
    #expect(lines.dropFirst().first == "  ROLL BACK    sluice rollback --control 127.0.0.1:7001 \"why\"")
    #expect(screen.contains("redis-cli -p 7001 ROLLBACK why") && screen.contains("redis-cli -p 7001 STATUS"))
    #expect(screen.contains("stage        shadow") && screen.contains("redis://:***@h:1"))
    #expect(!screen.contains("hunter2"))
    #expect(lines.count <= 24)
    let plain = StartupScreen.render(ServeConfiguration(), version: "0.1.0", stage: "off")
    #expect(plain.contains("  sluice rollback \"why\"\n"))
    #expect(!plain.contains("NOT USED"))
  }

  @Test("The start screen says what is not used, and why, in the line where it stands")
  func startUnused() {
    var configuration = ServeConfiguration()
    configuration.flags.path = "f.json"
    configuration.ledger.path = "other.db"
    let screen = StartupScreen.render(
      configuration, version: "0.1.0", stage: "off", flagsError: "line 1\u{1b}[2J",
      ledgerError: "is no ledger")
    #expect(
      screen.contains(
        "  flags        f.json, NOT USED, every key is answered by legacy until it is right: line 1 [2J\n"))
    #expect(screen.contains("  ledger       other.db, NOT USED, no evidence is kept: is no ledger\n"))
  }

  @Test("A log event is one line, whatever is in it")
  func logLine() {
    let line = LineLogHandler.line(
      at: Date(timeIntervalSince1970: 0), .warning, "stack new is down\nforged",
      ["reason": "a\r\nb", "code": "7"])
    #expect(
      line == "1970-01-01T00:00:00.000Z warning  stack new is down\\x0aforged code=7 reason=a\\x0d\\x0ab")
  }

  @Test("The first signal drains, the second kills, SIGHUP reloads at any time")
  func signals() {
    var plan = SignalPlan()
    #expect(plan.received(.sighup) == .reload)
    #expect(plan.received(.sigterm) == .drain)
    #expect(plan.received(.sighup) == .reload)
    #expect(plan.received(.sigint) == .end(code: 130))
    #expect(plan.received(.sigterm) == .end(code: 143))
  }

  private func render(_ json: String) throws -> String {
    StatusScreen.render(try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)))
  }
}
