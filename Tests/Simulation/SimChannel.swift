import DequeModule
import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#endif

/// A socket of the proxy: NIO's rules for a channel, with a pipe of the world in each direction.
final class SimChannel: Channel, ChannelCore, PipeEnd, @unchecked Sendable {
  private typealias Write = (bytes: ByteBuffer, promise: EventLoopPromise<Void>?)

  let loop: SimLoop
  let number: Int
  private let inbound: Pipe
  private let outbound: Pipe
  private let rules: Rules
  private let closePromise: EventLoopPromise<Void>
  private var line: ChannelPipeline?
  private var written = Deque<Write>()
  private var flushed = Deque<Write>()
  private var waitingBytes = 0
  private var autoRead = true
  private var endsWithReset = false
  private var hasSaidEnd = false
  private var isOutputClosed = false
  private var wantsToWrite = false
  private var isFlushing = false
  var isQueued = false
  private(set) var isActive = false
  private var isClosed = false
  private(set) var isWritable = true

  /// How a bootstrap of the proxy has set it up.
  struct Rules {
    /// Most bytes of one read.
    var read: Int
    var low: Int
    var high: Int
    var allowsHalfClosure: Bool
  }

  init(_ loop: SimLoop, number: Int, inbound: Pipe, outbound: Pipe, _ rules: Rules) {
    self.loop = loop
    self.number = number
    self.inbound = inbound
    self.outbound = outbound
    self.rules = rules
    closePromise = loop.makePromise(of: Void.self)
    line = ChannelPipeline(channel: self)
  }

  /// The connection stands. On its loop, its handlers in place.
  func open() {
    inbound.reader = self
    outbound.writer = self
    isActive = true
    pipeline.syncOperations.fireChannelRegistered()
    pipeline.syncOperations.fireChannelActive()
    if inbound.arrived.readableBytes > 0 || inbound.isOver { loop.enqueue(self) }
  }

  // MARK: What the wire says

  func pipeHasNews(_ pipe: Pipe) { if !isClosed { loop.enqueue(self) } }

  func pipeHasRoom(_ pipe: Pipe) {
    wantsToWrite = true
    if !isClosed { loop.enqueue(self) }
  }

  /// The loop has come to this socket.
  func turn() {
    guard isActive, !isClosed else { return }
    if wantsToWrite {
      wantsToWrite = false
      push()
      guard isActive, !isClosed else { return }
    }
    guard autoRead else { return }
    if let bytes = inbound.read(atMost: loop.world.readSize(rules.read)) {
      pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
      pipeline.syncOperations.fireChannelReadComplete()
      guard isActive, !isClosed else { return }
    }
    if inbound.arrived.readableBytes > 0 { return loop.enqueue(self) }
    if inbound.isReset {
      pipeline.syncOperations.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
      return close0(error: ChannelError.eof, mode: .all, promise: nil)
    }
    guard inbound.hasEnded, !hasSaidEnd else { return }
    hasSaidEnd = true
    if rules.allowsHalfClosure {
      pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      close0(error: ChannelError.eof, mode: .all, promise: nil)
    }
  }

  // MARK: ChannelCore

  func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isClosed, !isOutputClosed else { return fail(promise) }
    let bytes = unwrapData(data, as: ByteBuffer.self)
    waitingBytes += bytes.readableBytes
    written.append((bytes, promise))
    if isWritable, waitingBytes > rules.high { change(isWritable: false) }
  }

  func flush0() {
    while let write = written.popFirst() { flushed.append(write) }
    push()
  }

  /// Hands to the kernel what it takes. Promises may write more meanwhile.
  private func push() {
    guard !isFlushing else { return }
    isFlushing = true
    while var write = flushed.first {
      let taken = write.bytes.readableBytes == 0 ? 0 : outbound.write(write.bytes)
      waitingBytes -= taken
      write.bytes.moveReaderIndex(forwardBy: taken)
      guard write.bytes.readableBytes == 0 else {
        flushed[0] = write
        break
      }
      flushed.removeFirst()
      write.promise?.succeed(())
      if isClosed { break }
    }
    isFlushing = false
    if !isClosed, !isWritable, waitingBytes < rules.low { change(isWritable: true) }
  }

  private func change(isWritable: Bool) {
    self.isWritable = isWritable
    pipeline.syncOperations.fireChannelWritabilityChanged()
  }

  private func fail(_ promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.ioOnClosedChannel) }

  func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard !isClosed else { return fail(promise) }
    switch mode {
    case .input: promise?.fail(ChannelError.operationUnsupported)
    case .output:
      isOutputClosed = true
      outbound.close()
      promise?.succeed(())
    case .all:
      isClosed = true
      let waiting = Array(flushed) + Array(written)
      (flushed, written, waitingBytes) = ([], [], 0)
      for write in waiting { fail(write.promise) }
      // Unread bytes make a close a reset as well.
      if endsWithReset || inbound.arrived.readableBytes > 0 { outbound.reset() } else { outbound.close() }
      inbound.abandon()
      promise?.succeed(())
      if isActive {
        isActive = false
        pipeline.syncOperations.fireChannelInactive()
      }
      pipeline.syncOperations.fireChannelUnregistered()
      loop.execute {
        self.removeHandlers(pipeline: self.pipeline)
        self.closePromise.succeed(())
      }
    }
  }

  /// The process is gone; so is everything that refers to anything.
  func vanish() {
    let waiting = Array(flushed) + Array(written)
    isClosed = true
    isActive = false
    (flushed, written) = ([], [])
    for write in waiting { fail(write.promise) }
    if endsWithReset || inbound.arrived.readableBytes > 0 { outbound.reset() } else { outbound.close() }
    inbound.abandon()
    removeHandlers(pipeline: pipeline)
    closePromise.succeed(())
    line = nil
  }

  func register0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
  func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
  func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { fail(promise) }
  func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) { fail(promise) }
  func read0() {}
  func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
  func channelRead0(_ data: NIOAny) {}
  func errorCaught0(error: any Error) {}
  func localAddress0() throws -> SocketAddress { throw ChannelError.unknownLocalAddress }
  func remoteAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }

  // MARK: Channel

  let allocator = ByteBufferAllocator()
  var closeFuture: EventLoopFuture<Void> { closePromise.futureResult }
  var pipeline: ChannelPipeline {
    if let line { return line }
    let line = ChannelPipeline(channel: self)
    self.line = line
    return line
  }
  var localAddress: SocketAddress? { nil }
  var remoteAddress: SocketAddress? { nil }
  var parent: (any Channel)? { nil }
  var eventLoop: any EventLoop { loop }
  var _channelCore: any ChannelCore { self }
  var syncOptions: (any NIOSynchronousChannelOptions)? { Options(channel: self) }

  func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
    set(option, value)
    return loop.makeSucceededVoidFuture()
  }

  func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
    loop.makeFailedFuture(ChannelError.operationUnsupported)
  }

  private func set<Option: ChannelOption>(_ option: Option, _ value: Option.Value) {
    guard option is ChannelOptions.Types.AutoReadOption, let isOn = value as? Bool else { return }
    autoRead = isOn
    if isOn, !isClosed, inbound.arrived.readableBytes > 0 || (inbound.isOver && !hasSaidEnd) {
      loop.enqueue(self)
    }
  }

  private struct Options: NIOSynchronousChannelOptions {
    let channel: SimChannel

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws {
      channel.set(option, value)
    }

    func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
      if option is ChannelOptions.Types.BufferedWritableBytesOption,
        let count = channel.waitingBytes as? Option.Value
      {
        return count
      }
      throw ChannelError.operationUnsupported
    }
  }
}

extension SimChannel: SocketOptionProvider {
  func unsafeSetSocketOption<Value: Sendable>(level: SocketOptionLevel, name: SocketOptionName, value: Value)
    -> EventLoopFuture<Void>
  {
    if name == SO_LINGER { endsWithReset = true }
    return loop.makeSucceededVoidFuture()
  }

  func unsafeSetSocketOption<Value: Sendable>(
    level: NIOBSDSocket.OptionLevel, name: NIOBSDSocket.Option, value: Value
  ) -> EventLoopFuture<Void> {
    if name == .so_linger { endsWithReset = true }
    return loop.makeSucceededVoidFuture()
  }

  func unsafeGetSocketOption<Value: Sendable>(level: SocketOptionLevel, name: SocketOptionName)
    -> EventLoopFuture<Value>
  {
    loop.makeFailedFuture(ChannelError.operationUnsupported)
  }

  func unsafeGetSocketOption<Value: Sendable>(level: NIOBSDSocket.OptionLevel, name: NIOBSDSocket.Option)
    -> EventLoopFuture<Value>
  {
    loop.makeFailedFuture(ChannelError.operationUnsupported)
  }
}
