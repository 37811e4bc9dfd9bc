import Glibc

/// Files that are mapped into memory, ours and those of SQLite beside the ledger, and that somebody cuts short while they are: touching
/// what is not there any more raises SIGBUS, which ends a process. The evidence may be lost; the traffic may not.
public enum CutFiles {
  /// From now on such a page is replaced by an empty one of the process's own. What was in it is lost, and is found to be: by the next
  /// start in the journal, by the next look at the ledger. For a process that is all ours.
  public static func survive() {
    var action = sigaction()
    action.sa_flags = SA_SIGINFO
    action.__sigaction_handler.sa_sigaction = { _, info, _ in
      // mmap and signal are all that happens here: both may be called from a handler.
      let page = UInt(4096)
      guard let info, info.pointee.si_code == CutFiles.isBeyondTheFile,
        let address = info.pointee._sifields._sigfault.si_addr,
        let start = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: address) & ~(page - 1)),
        mmap(
          start, Int(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
          == start
      else {
        // Anything else ends the process, as it would without us.
        signal(SIGBUS, SIG_DFL)
        return
      }
    }
    sigaction(SIGBUS, &action, nil)
  }

  /// `BUS_ADRERR`, an enumerator that Swift does not see.
  private static var isBeyondTheFile: Int32 { 2 }
}
