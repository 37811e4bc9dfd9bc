import Testing

@testable import LayeredServer
