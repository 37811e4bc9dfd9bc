import ArgumentParser
import Foundation
import SluiceBuild
import SluiceRedisClient

/// The command line of Sluice. Everything but `serve` and `report` talks to the control port of a running
/// proxy.
public struct SluiceCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract:
      "Move live Redis cache traffic from a legacy stack to a new one, with a way back at every step.",
    discussion: """
      The way back, at any time:
        sluice rollback "why"          legacy answers for every key from then on
        redis-cli -p 6401 ROLLBACK why the same, when nothing else is at hand

      A first rollout:
        sluice assess --legacy redis://old --new redis://new
        sluice serve --legacy redis://old --new redis://new --flags flags --ledger sluice.db
        sluice stage dualwrite         writes go to both
        sluice warm                    new gets what legacy has
        sluice stage shadow            reads are compared
        sluice status                  pass, cold, differs or hold, and the gates of the next step
        sluice stage live 25           a quarter of the keys moves, if its gates are met
        sluice ramp 50                 half of them; --force "why" goes ahead of a gate
        sluice plan                    where the ramp is, what is missing, about when; it can go up by itself
        sluice close "why"             answers for what differs
        sluice rollback "why"          all back to legacy, at once
        sluice rearm                   lifts that, into shadow; --resume "why" to where it was
        sluice report sluice.db        what differed, since when
        sluice verify                  both stacks, key by key: before rampdown and complete

      Exit codes as in sysexits.h:
        0 done, 1 verify found differences, 64 usage, 65 refused or bad data, 66 no such file,
        69 proxy not reachable, or no control port, 70 internal error, 75 try again,
        77 password wrong or missing, 78 configuration wrong, or its file not there
      """,
    version: version,
    subcommands: [
      AssessCommand.self, Serve.self, StatusCommand.self, StageCommand.self, Ramp.self, PlanCommand.self,
      Rollback.self,
      Rearm.self, Close.self, Reopen.self, Which.self,
      WarmCommand.self, VerifyCommand.self,
      Reload.self, FleetCommand.self, ReportCommand.self, CommandsCommand.self, HashPassword.self,
      MakeToken.self,
      Diagnose.self, Bench.self,
    ])

  /// The command line and the proxy that it serves, with their revision and build.
  public static let version = Build.text

  public init() {}

  /// Parses the process's arguments, runs what they ask for and ends the process with its exit code.
  public static func launch() async -> Never {
    let arguments = CommandLine.arguments.dropFirst()
    ProcessArguments.hidePasswords()
    do {
      if let failure = NearCommand.failure(Array(arguments)) { throw failure }
      var command = try parseAsRoot(Array(arguments))
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      exit()
    } catch let failure as Failure {
      Output.error("sluice: \(failure.message)")
      exit(withError: ArgumentParser.ExitCode(failure.code.rawValue))
    } catch {
      end(error)
    }
  }

  /// What ArgumentParser has to say: help and versions as they are, errors escaped, because they repeat what
  /// was typed.
  private static func end(_ error: any Error) -> Never {
    let code = exitCode(for: error)
    guard !code.isSuccess else { exit(withError: error) }
    let text = fullMessage(for: error)
    if !text.isEmpty { Output.error(text) }
    exit(withError: code)
  }
}
