import Testing

@testable import SluiceCache
