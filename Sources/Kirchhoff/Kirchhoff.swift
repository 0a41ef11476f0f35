// The umbrella: `import Kirchhoff` brings every layer's public names.
@_exported import Analog
@_exported import Autodiff
@_exported import Configuration
@_exported import Crossbar
@_exported import Datasets
@_exported import NN
@_exported import RunLog
@_exported import Runtime
@_exported import SearchSpace
@_exported import Studies
@_exported import Supernet
@_exported import Tensor
