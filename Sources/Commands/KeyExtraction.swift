/// What came of looking for a command's keys.
public enum KeyExtraction: Sendable, Equatable {
  /// The positions are all there; possibly none.
  case found

  /// The arguments contradict themselves and nothing is to be forwarded. `message` is Redis's own error,
  /// without `-` and CRLF.
  case invalid(message: String)
}
