import Testing

@testable import SluiceRoutedCache
