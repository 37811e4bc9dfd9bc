import SluiceGlob

/// Text as data inside a glob pattern, for ``Cache/invalidate(pattern:)``: it matches itself and nothing
/// else.
public func escapedForPattern(_ text: String) -> String {
  String(decoding: GlobPattern.escape(text.utf8), as: UTF8.self)
}
