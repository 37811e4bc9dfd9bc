// What is set, without what speaks it: for clients that may be built without TLS.
@_exported import SluiceTLSSettings
