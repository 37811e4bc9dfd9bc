/// What a receiver has of a key whose copy is about to be written.
///
/// The old value is taken away ahead of the copy (`UNLINK`), so that its server frees it in the background. Both go out in one write; whoever
/// asks in between finds nothing:
/// - a suspect is asked for by nobody but on the connection of its lane, behind the copy, and if only the first of the two arrives, it stays one;
/// - any other value may be right, and nobody would know that it is gone if the proxy ended in between: there both are one transaction.
public enum OldValue: Sendable {
  /// It is known to have none.
  case nothing
  case doubtful
  case believed
}
