import Foundation
import SluiceLoadGenerator

/// A terminal with nobody before it but a test: what a program does that asks the person who started it.
public final class Terminal {
  private let master: Int32
  /// The device that the program has for its input, output and errors.
  public let path: String

  /// Opens one.
  public init() throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // As `posix_openpt` and its like, which are not imported: TIOCSPTLCK unlocks the device, TIOCGPTN tells its number.
    var (lock, number) = (Int32(0), UInt32(0))
    guard master >= 0, ioctl(master, 0x4004_5431, &lock) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
      throw TestFailure("no terminal can be opened: errno \(errno)")
    }
    path = "/dev/pts/\(number)"
    _ = fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK)
  }

  deinit { close(master) }

  /// Runs a program to its end, and returns how it ended and all that the screen has shown.
  ///
  /// - Parameter typing: typed when the program has asked something; nil types nothing.
  public func run(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], typing: String?,
    within limit: Duration = .seconds(20)
  ) throws -> (exit: Child.Exit, screen: String) {
    let folder = try ScratchFolder()
    let child = try Child(
      executable, arguments, environment: environment, input: path, terminal: path, in: folder,
      name: "program")
    var screen = ""
    var isTyped = typing == nil
    try eventually(within: limit, "\(executable) ends at the terminal") {
      let isOver = !child.isRunning
      screen += shown()
      if !isTyped, !screen.isEmpty, let typing {
        isTyped = true
        let bytes = Array(typing.utf8)
        _ = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
      }
      return isOver
    }
    screen += shown()
    return (try child.wait(within: limit), screen)
  }

  private func shown() -> String {
    var text: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(master, &bytes, bytes.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += bytes.prefix(count)
    }
  }
}
