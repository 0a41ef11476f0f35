import Crossbar

/// The networks of the bulk-switching paper (arXiv 2305.14547).
///
/// The paper draws them without all numbers; these give exactly the counts that it prints.
enum BulkSwitchingNetworks {
  /// Valid 5 × 5 convolutions on 28 × 28 images.
  static let lenet: [LayerShape] = [
    .convolution("conv 1", kernel: 5, inputs: 1, outputs: 4, side: 24),
    .convolution("conv 2", kernel: 5, inputs: 4, outputs: 12, side: 8),
    .linear("fc", inputs: 192, outputs: 10),
  ]

  /// 3 × 3 convolutions on 32 × 32 images, halved after every second.
  static let vgg8: [LayerShape] = [
    .convolution("conv 1", kernel: 3, inputs: 3, outputs: 32, side: 32),
    .convolution("conv 2", kernel: 3, inputs: 32, outputs: 32, side: 32),
    .convolution("conv 3", kernel: 3, inputs: 32, outputs: 64, side: 16),
    .convolution("conv 4", kernel: 3, inputs: 64, outputs: 64, side: 16),
    .convolution("conv 5", kernel: 3, inputs: 64, outputs: 128, side: 8),
    .convolution("conv 6", kernel: 3, inputs: 128, outputs: 128, side: 8),
    .linear("fc 1", inputs: 2048, outputs: 128),
    .linear("fc 2", inputs: 128, outputs: 10),
  ]

  /// The form for 32 × 32 images, with 1 × 1 convolutions where width or side change.
  static let resnet18: [LayerShape] = {
    var layers = [
      LayerShape.convolution("conv 1", kernel: 3, inputs: 3, outputs: 64, side: 32)
    ]
    var inputs = 64
    for (stage, (width, side)) in [(64, 32), (128, 16), (256, 8), (512, 4)].enumerated() {
      for block in 1...2 {
        let name = "stage \(stage + 1), block \(block)"
        layers.append(
          .convolution("\(name), conv 1", kernel: 3, inputs: inputs, outputs: width, side: side))
        layers.append(
          .convolution("\(name), conv 2", kernel: 3, inputs: width, outputs: width, side: side))
        if inputs != width {
          layers.append(
            .convolution("\(name), skip", kernel: 1, inputs: inputs, outputs: width, side: side))
        }
        inputs = width
      }
    }
    return layers + [.linear("fc", inputs: 512, outputs: 10)]
  }()
}
