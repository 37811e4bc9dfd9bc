import Foundation
import SluiceFlags
import SluiceJournal
import SluiceRouting

/// What a start has to say of the flags, and of what it remembers.
extension SluiceService {
  func announce(_ start: FlagStart, _ journal: SuspectJournal?) {
    if let damage = journal?.inForce?.damage {
      logger.error("what was in force before this start is not known, the flags decide: \(damage)")
    }
    let path = configuration.flags.path
    if let error = start.error {
      let instead =
        start.isRemembered
        ? "what was in force before this start stays (stage \(start.definition.stage.name))"
        : "every key is answered by legacy"
      logger.error("the flag file \(path ?? "") cannot be used, \(instead) until it is right: \(error)")
    } else if start.isRemembered {
      logger.notice(
        "no flag file is named: what was in force before this start stays, stage \(start.definition.stage.name)"
      )
    } else if let before = start.before, before.version != start.definition.version {
      logger.notice(
        "the flags are others than those in force before this start: \(FlagEdit(from: before, to: start.definition).text)"
      )
    }
    if let rollback = start.rollback { logger.warning("starting rolled back: \(rollback.reason)") }
    if start.lifted != nil, let latch = start.latch {
      logger.notice("the latch file \(latch.path) was lifted here; it is there for others")
    }
    if start.switches.useNew {
      let decides =
        start.file == nil ? "without a flag file that is stage rampdown" : "but the flag file decides"
      logger.notice("\(EnvironmentSwitches.newName) is set: \(decides)")
    }
    for stack in StackID.allCases {
      guard let since = journal?.remembered?.leftOut[stack], start.snapshot.effectiveStage.leftOut != stack
      else { continue }
      let date = Date(timeIntervalSince1970: Double(since) / 1000).formatted(.iso8601)
      logger.warning(
        "stack \(stack.name) was not told of the writes since \(date): it is emptied before it answers, unless it is known to be equal"
      )
    }
  }
}
