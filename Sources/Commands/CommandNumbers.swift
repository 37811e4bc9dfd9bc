import SluiceLocks

/// The numbers of commands that our own table does not have and a server has told of: one name has one number as long as the process
/// lives, whatever servers come and go. Commands in flight and figures know a command by its number.
enum CommandNumbers {
  /// Our own rows and what servers bring; a number has 16 bits, and no server has nearly so many.
  static let limit = 16_384

  private struct Book {
    var numbers: [String: Int] = [:]
    var names: [String] = []
  }

  private static let book = Mutex(Book())

  /// - Parameter first: the first number that our own table leaves free.
  /// - Returns: nil if there are no more.
  static func number(of name: String, from first: Int) -> Int? {
    book.withLock { book in
      if let number = book.numbers[name] { return number }
      let number = first + book.names.count
      guard number < limit else { return nil }
      book.names.append(name)
      book.numbers[name] = number
      return number
    }
  }

  static func name(of number: Int, from first: Int) -> String? {
    book.withLock { $0.names.indices.contains(number - first) ? $0.names[number - first] : nil }
  }

  /// How many there are so far.
  static var count: Int { book.withLock { $0.names.count } }
}
