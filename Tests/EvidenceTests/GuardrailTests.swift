import SluiceEvidence
import SluiceFigures
import SluiceFlags
import Testing

@Suite struct GuardrailTests {
  private var guardrails: Guardrails {
    var guardrails = Guardrails()
    guardrails.minimumSample = 100
    return guardrails
  }

  private func evidence(
    operations: UInt64 = 0, _ errors: [(ErrorKind, Int)] = [], matched: UInt64 = 0,
    diverged: [(DivergenceKind, Int)] = []
  ) -> Evidence {
    var figures = LaneFigures()
    figures[.new, .write].operations = operations
    for (kind, count) in errors {
      let isAnswered = kind == .reply || kind == .trouble
      for _ in 0..<count {
        if isAnswered {
          figures.recordError(kind, on: .new, .write)
        } else {
          figures.recordUnanswered(kind, on: .new, .write)
        }
      }
    }
    figures.compare.matched = matched
    for (kind, count) in diverged {
      for _ in 0..<count { figures.recordDivergence(kind, command: 1) }
    }
    var evidence = Evidence()
    evidence.add(figures)
    return evidence
  }

  @Test("A stack that answers that it is in trouble fails the command")
  func trouble() {
    let evidence = evidence(operations: 1000, [(.trouble, 11)])
    #expect(
      evidence.violation(of: guardrails, .live)
        == "11 of 1000 commands failed on the new stack (limit 0.01)")
    #expect(evidence.violation(of: guardrails, .rampdown) != nil)
    #expect(evidence.violation(of: guardrails, .shadow) == nil, "no client depends on it")
    #expect(self.evidence(operations: 1000, [(.trouble, 10)]).violation(of: guardrails, .live) == nil)
  }

  @Test("What never was answered counts as asked and as failed; the client's own errors do not")
  func kinds() {
    #expect(
      evidence(operations: 98, [(.timeout, 1), (.unreachable, 1), (.refused, 1), (.trouble, 1)])
        .violation(of: guardrails, .live) == "4 of 101 commands failed on the new stack (limit 0.01)")
    #expect(evidence(operations: 1000, [(.reply, 1000)]).violation(of: guardrails, .live) == nil)
    #expect(evidence(operations: 99, [(.trouble, 99)]).violation(of: guardrails, .live) == nil, "too few")
  }

  @Test("Misses of a cold stack are not corruption, not even for a limit that tolerates none")
  func divergences() {
    var strict = guardrails
    strict.divergenceRate = 0
    let cold = evidence(matched: 100, diverged: [(.missingInNew, 100), (.timeout, 3)])
    #expect(cold.violation(of: strict, .live) == nil)
    let one = evidence(matched: 99, diverged: [(.value, 1)])
    #expect(one.violation(of: strict, .live) == "1 of 100 compared reads diverged (limit 0.0)")
  }
}
