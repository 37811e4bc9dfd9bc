import Testing

@testable import SluiceCLI

/// What an order is answered, on a terminal: one thing on a line.
@Suite struct OrderAnswerTests {
  @Test("one sentence is one line, and what stands in brackets is not taken apart")
  func plain() {
    for text in [
      "OK live 50 %: new now answers 50 % of the keys (was 25 %)",
      "OK live 50 %: new now answers 50 % of the keys (was 25 %) (held 3 commands for 1.2 ms; cut off: new)",
    ] {
      #expect(OrderAnswer.text(text) == text)
    }
    #expect(OrderAnswer.text("OK \u{1b}[31mred") != "OK \u{1b}[31mred")
  }

  @Test("what was forced is a table, and what is to be known stands below it")
  func forced() {
    let said = OrderAnswer.text(
      "OK live 50 %: new now answers 50 % of the keys (was 0 %); FORCED: time: now 0 s, needed 600 s, missing 600 s; "
        + "differs: now 20 open, needed 0 open, missing see them equal (sluice verify --repair) or close them; "
        + "NOTE: new does not have VADD: clients get its error; NOTE: legacy is DOWN: a; b; NOT in the flag file: it is gone"
    )
    #expect(
      said == """
        OK live 50 %: new now answers 50 % of the keys (was 0 %)
        Ahead of its gates, because you force it:

        gate     now      needed  missing
        time     0 s      600 s   600 s
        differs  20 open  0 open  see them equal (sluice verify --repair) or close them
        NOTE: new does not have VADD: clients get its error
        NOTE: legacy is DOWN: a; b
        NOT in the flag file: it is gone
        """)
  }

  @Test("a share that does not count yet, and a rollback that holds, are said by themselves")
  func later() {
    #expect(
      OrderAnswer.text("OK the flags say live 50 %; in force after 'rearm', until then legacy answers")
        == "OK the flags say live 50 %\nin force after 'rearm', until then legacy answers")
  }
}
