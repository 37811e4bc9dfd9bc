import SluiceCLI

await SluiceCommand.launch()
