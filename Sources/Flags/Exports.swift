@_exported import SluiceSwitches
