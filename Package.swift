// swift-tools-version: 6.1
import PackageDescription

// One line a target, floor by floor: dependencies point strictly downward.
let package = Package(
  name: "Kirchhoff",
  products: [
    .library(name: "Kirchhoff", targets: ["Kirchhoff"]),
    .executable(name: "kirchhoff", targets: ["kirchhoff-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/attaswift/BigInt", from: "6.0.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    // Floor 0: C.
    .target(name: "CKernels", path: "CSources/CKernels"),
    .systemLibrary(
      name: "COpenBLAS", path: "CSources/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CLAPACKE", path: "CSources/CLAPACKE", pkgConfig: "lapacke",
      providers: [.apt(["liblapacke-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "CSources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CPNG", path: "CSources/CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", path: "CSources/CTurboJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"])]),

    // Floor 1.
    .target(name: "Runtime", dependencies: ["CKernels"]),
    .target(
      name: "Configuration",
      dependencies: ["Runtime", .product(name: "Yams", package: "Yams")]),

    // Floor 2.
    .target(name: "Tensor", dependencies: ["Runtime", "CKernels", "COpenBLAS", "CLAPACKE"]),
    .target(
      name: "SearchSpace",
      dependencies: [
        "Runtime", "Configuration", .product(name: "BigInt", package: "BigInt"),
      ]),
    .target(
      name: "RunLog",
      dependencies: [
        "Runtime", .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ]),

    // Floor 3.
    .target(name: "Autodiff", dependencies: ["Runtime", "Tensor", "CKernels"]),
    .target(
      name: "Crossbar",
      dependencies: [
        "Runtime", "Configuration", "Tensor", "RunLog", "CKernels", "COpenBLAS", "CLAPACKE",
      ]),
    .target(
      name: "Datasets",
      dependencies: ["Runtime", "Tensor", "CKernels", "CZlib", "CPNG", "CTurboJPEG"]),

    // Floor 4.
    .target(name: "NN", dependencies: ["Runtime", "Tensor", "Autodiff", "CKernels"]),

    // Floor 5.
    .target(
      name: "Supernet",
      dependencies: [
        "Runtime", "Configuration", "Tensor", "Autodiff", "NN", "Datasets", "SearchSpace", "RunLog",
        "CKernels",
      ]),

    .target(
      name: "Analog",
      dependencies: [
        "Runtime", "Configuration", "Tensor", "Autodiff", "NN", "Crossbar", "Datasets",
        "SearchSpace", "RunLog", "Supernet", "CKernels",
      ]),

    // Floor 7.
    .target(
      name: "Studies",
      dependencies: [
        "Runtime", "Tensor", "Autodiff", "Crossbar", "Datasets", "NN", "RunLog", "Supernet",
        "Analog",
      ]),

    // Floor 8.
    .target(
      name: "Kirchhoff",
      dependencies: [
        "Runtime", "Configuration", "Tensor", "Autodiff", "Crossbar", "NN", "Datasets",
        "SearchSpace", "RunLog", "Supernet", "Analog", "Studies",
      ]),
    .target(
      name: "BenchmarkCases", dependencies: ["Kirchhoff", "CKernels", "COpenBLAS"],
      path: "Benchmarks/BenchmarkCases"),
    .executableTarget(
      name: "kirchhoff-cli",
      dependencies: [
        "Kirchhoff", "BenchmarkCases",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .testTarget(name: "KernelTests", dependencies: ["CKernels", "Runtime"]),
    .testTarget(name: "RuntimeTests", dependencies: ["Runtime", "CKernels"]),
    .testTarget(name: "TensorTests", dependencies: ["Tensor", "Runtime"]),
    .testTarget(
      name: "AutodiffTests", dependencies: ["Autodiff", "Tensor", "Runtime", "CKernels"]),
    .testTarget(name: "CrossbarTests", dependencies: ["Crossbar", "Tensor", "Runtime"]),
    .testTarget(name: "NNTests", dependencies: ["NN", "Autodiff", "Tensor", "Runtime"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Runtime", "Tensor"]),
    .testTarget(name: "SearchSpaceTests", dependencies: ["SearchSpace", "Runtime"]),
    .testTarget(
      name: "RunLogTests", dependencies: ["RunLog", "Runtime"], exclude: ["Golden"]),
    .testTarget(name: "StudiesTests", dependencies: ["Studies"]),
    .testTarget(name: "AnalogTests", dependencies: ["Kirchhoff"]),
    .testTarget(name: "SupernetTests", dependencies: ["Kirchhoff"]),
    .testTarget(name: "CommandLineTests", dependencies: ["Kirchhoff"]),
  ],
  swiftLanguageModes: [.v6]
)
