/// An array that is made once and lives as long as the process, so that reading it counts no references.
///
/// The storage is allocated by `init`, never written to again and never freed: a pointer to it is valid for ever, on
/// every thread. That is the proof behind `@unchecked Sendable`. Every access is checked against the count.
public struct Immortal<Element: BitwiseCopyable & Sendable>: RandomAccessCollection,
  BitwiseCopyable, @unchecked Sendable
{
  @usableFromInline let storage: UnsafeBufferPointer<Element>

  init(_ elements: [Element]) {
    let storage = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = storage.initialize(from: elements)
    self.storage = UnsafeBufferPointer(storage)
  }

  public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { storage.count }

  @inlinable
  public subscript(index: Int) -> Element {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: storage.count), "no such element")
    return storage[index]
  }
}
