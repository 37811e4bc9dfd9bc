@_exported import SluiceGlob
