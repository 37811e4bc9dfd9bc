import Foundation
import Synchronization

/// Ctrl-C while a walk is on: the first one ends it in good order, a second one at once.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  static func watch() {
    // Made now: a signal's handler must not be the first to touch it.
    _ = hasCome
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.flag.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }

  static var hasCome: Bool { flag.load(ordering: .relaxed) }

  /// What a shell gives to a program that ctrl-C has ended.
  static let exitCode: Int32 = 130
}
