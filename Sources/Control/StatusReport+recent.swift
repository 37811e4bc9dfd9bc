import Foundation
import SluiceEvidence
import SluiceFigures
import SluiceRouting

/// What the stacks did and how clients waited, of late: in the last minute and hour, and window by window for who asks for that.
// The names of the properties are those of the JSON.
// swift-format-ignore: AlwaysUseLowerCamelCase
extension StatusReport {
  /// What a stack did in a role.
  struct Recent: Encodable, Sendable {
    /// So many it is of: fewer than asked for while the proxy is younger.
    var seconds: UInt64
    var operations: UInt64
    var per_second: Double
    var errors: UInt64
    /// Of these, those for the stack's own sake.
    var failures: UInt64
    /// Null without a read that could hit.
    var hit_percent: Double?
    /// From the bytes handed to the stack's connection to its reply.
    var p50_us: UInt64
    var p99_us: UInt64

    init(_ figures: OperationFigures, seconds: UInt64) {
      let asked = figures.hits &+ figures.misses
      (self.seconds, operations) = (seconds, figures.operations)
      per_second = (Double(figures.operations) / Double(max(1, seconds)) * 10).rounded() / 10
      (errors, failures) = (figures.errors, figures.failures)
      hit_percent = asked == 0 ? nil : (Double(figures.hits) / Double(asked) * 10_000).rounded() / 100
      p50_us = figures.latency.value(atPercentile: 50)
      p99_us = figures.latency.value(atPercentile: 99)
    }
  }

  /// How clients waited: until a stack had answered, and while the proxy held their commands.
  struct Waits: Encodable, Sendable {
    var seconds: UInt64
    /// What their reads have found, whichever stack was asked; null without a read that could hit.
    var hit_percent: Double?
    /// `all`, `read` and `write`.
    var commands: [String: Waited] = [:]
    /// Of these, for what the proxy held: `fence`, `key`, `outage`.
    var held: [String: Waited] = [:]

    init(
      seconds: UInt64, _ holds: HoldFigures, reads: OperationFigures, _ spread: (CommandClass?) -> WaitSpread
    ) {
      self.seconds = seconds
      hit_percent = Recent(reads, seconds: seconds).hit_percent
      for commandClass in [nil, CommandClass.read, .write] {
        let waits = spread(commandClass)
        if waits.count > 0 { commands[commandClass?.name ?? "all"] = Waited(waits) }
      }
      for reason in HoldFigures.Reason.allCases where holds[reason].count > 0 {
        held[reason.name] = Waited(WaitSpread([holds[reason]], []))
      }
    }

    init(_ window: WindowFigures, seconds: UInt64) {
      self.init(
        seconds: seconds, window.holds,
        reads: window.work(.legacy, .primary).with(window.work(.new, .primary))
      ) { window.clientWaits($0) }
    }
  }

  struct Waited: Encodable, Sendable {
    var commands: UInt64
    var p50_us: UInt64
    var p99_us: UInt64
    var max_us: UInt64

    init(_ spread: WaitSpread) {
      commands = spread.count
      p50_us = spread.microseconds(atPercent: 50)
      p99_us = spread.microseconds(atPercent: 99)
      max_us = spread.microseconds(atPercent: 100)
    }
  }

  /// One window of time in which anything was counted.
  struct Window: Encodable, Sendable {
    var at: Date
    var seconds: UInt64
    var clients: Waits
    /// By stack and role.
    var stacks: [String: [String: Recent]]
    /// Reads that were compared; of these what new did not have, and what differed otherwise.
    var compared: UInt64
    var missing: UInt64
    var diverged: UInt64

    init(at: Date, seconds: UInt64, _ figures: WindowFigures) {
      (self.at, self.seconds) = (at, seconds)
      clients = Waits(figures, seconds: seconds)
      stacks = [:]
      for stack in StackID.allCases {
        for role in Role.allCases {
          let work = figures.work(stack, role)
          if !work.isEmpty { stacks[stack.name, default: [:]][role.name] = Recent(work, seconds: seconds) }
        }
      }
      (compared, missing, diverged) = (figures.compared, figures.missing, figures.diverged)
    }
  }

  /// Windows of ten seconds for ten minutes, and of a minute for an hour, the newest last.
  struct Windows: Encodable, Sendable {
    var ten_seconds: [Window]
    var minutes: [Window]

    init(_ evidence: Evidence) {
      let now = Date()
      func windows(_ of: FigureWindows) -> [Window] {
        of.each(of: 3600, at: evidence.clock).map { start, figures in
          Window(
            at: now.addingTimeInterval(Double(start) - Double(evidence.clock)), seconds: of.seconds, figures)
        }
      }
      (ten_seconds, minutes) = (windows(evidence.recent), windows(evidence.minutes))
    }
  }

  /// The last minute and hour, and how clients waited since the start.
  mutating func lookBack(on evidence: Evidence) {
    var reads = OperationFigures()
    for stack in StackID.allCases {
      for each in CommandClass.allCases { reads.merge(evidence.total[stack, .primary, each]) }
    }
    clients.waits["since_start"] = Waits(
      seconds: UInt64(max(0, uptime_seconds)), evidence.total.holds, reads: reads,
      evidence.total.clientWaits)
    for (name, span, windows) in [
      ("last_minute", 60, evidence.recent), ("last_hour", 3600, evidence.minutes),
    ] as [(String, UInt64, FigureWindows)] {
      let figures = windows.sum(over: span, at: evidence.clock)
      let seconds = windows.covered(by: span, at: evidence.clock)
      clients.waits[name] = Waits(figures, seconds: seconds)
      for stack in StackID.allCases {
        for role in Role.allCases {
          let recent = Recent(figures.work(stack, role), seconds: seconds)
          if span == 60 {
            stacks[stack.name]?.last_minute[role.name] = recent
          } else {
            stacks[stack.name]?.last_hour[role.name] = recent
          }
        }
      }
    }
  }
}

extension OperationFigures {
  fileprivate func with(_ other: OperationFigures) -> OperationFigures {
    var sum = self
    sum.merge(other)
    return sum
  }
}
