#if canImport(Glibc)
  import Glibc
#endif

/// The command line of this process as everybody on the machine can read it: `ps`, `/proc/PID/cmdline`.
public enum ProcessArguments {
  /// Overwrites the passwords of URLs there with `*`. `CommandLine.arguments` goes on saying what was typed.
  ///
  /// To be called first of all in `main`, while the process has one thread: nobody else looks at that memory
  /// then.
  public static func hidePasswords() {
    // Swift copies the words at the first look, and does not look again.
    guard !CommandLine.arguments.isEmpty else { return }
    // On Linux these are the words that the kernel gave to the process, each with a zero at its end: they may
    // be written to, and what is written is what `/proc` shows. No byte beyond a word's own is touched.
    let words = CommandLine.unsafeArgv
    for index in 0..<Int(CommandLine.argc) {
      guard let word = words[index] else { return }
      let bytes = UnsafeMutableBufferPointer(start: word, count: strlen(word))
      for position in password(in: bytes.map { UInt8(bitPattern: $0) }) {
        bytes[position] = CChar(bitPattern: UInt8(ascii: "*"))
      }
    }
  }

  /// Where the password of a URL stands in an argument such as `redis://user:password@host` or
  /// `--new=redis://…`; empty without one. A login without a colon may be a password alone.
  static func password(in argument: [UInt8]) -> Range<Int> {
    guard let mark = argument.firstRange(of: Array("://".utf8)),
      let at = argument[mark.upperBound...].lastIndex(of: UInt8(ascii: "@"))
    else { return 0..<0 }
    let login = argument[mark.upperBound..<at]
    let colon = login.firstIndex(of: UInt8(ascii: ":"))
    return (colon.map { $0 + 1 } ?? login.startIndex)..<at
  }
}
