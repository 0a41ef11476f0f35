import Autodiff
import Datasets
import Runtime
import SearchSpace
import Supernet
import Tensor

/// A trained network that classifies images, in digital arithmetic or with the products of its weights done by
/// other hands.
public protocol Classifier {
  /// The class scores of images.
  ///
  /// - Parameters:
  ///   - images: `[batch, height, width, channels]`, as `batches(of:)` gives them.
  ///   - products: Who multiplies with weights; nil for the kernels.
  ///   - firstImage: The number of the first image in the whole evaluation.
  /// - Returns: `[batch, classes]`.
  func classify(
    _ images: Tensor, products: (any MatrixProducts)?, firstImage: Int
  ) throws -> Tensor

  /// Batches of all images, in order, as the network was trained to see them.
  func batches(of images: ImageDataset) throws -> BatchLoader

  /// The ranges that inputs of layers were trained with, by the name of the layer; empty where they have none.
  var inputRanges: [String: Float] { get }
}

extension StandaloneNetwork: Classifier {
  /// The class scores of images.
  public func classify(
    _ images: Tensor, products: (any MatrixProducts)?, firstImage: Int
  ) -> Tensor {
    network.classify(
      images, plan: plan, norms: norms, products: products, firstImage: firstImage)
  }

  /// Batches of all images, in order.
  public func batches(of images: ImageDataset) throws -> BatchLoader {
    try SubnetEvaluator.loader(images, normalisation: card.normalisation)
  }

  /// The ranges that inputs of layers were trained with.
  public var inputRanges: [String: Float] { network.inputRanges }
}

/// A subnet of a supernet, which shares its weights.
public struct SubnetClassifier: Classifier {
  private let supernet: Supernet
  private let plan: NetworkPlan
  private let norms: NormStatistics
  private let normalisation: Normalisation

  /// - Parameters:
  ///   - subnet: The subnet.
  ///   - norms: The statistics of its batch norms, as `SubnetEvaluator` calibrates them.
  ///   - normalisation: What the network was trained with.
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public init(
    _ subnet: Subnet, of supernet: Supernet, norms: NormStatistics, normalisation: Normalisation
  ) throws {
    self.supernet = supernet
    plan = try supernet.space.plan(for: subnet)
    self.norms = norms
    self.normalisation = normalisation
  }

  /// The class scores of images.
  public func classify(
    _ images: Tensor, products: (any MatrixProducts)?, firstImage: Int
  ) -> Tensor {
    supernet.classify(
      resized(images, side: plan.resolution), plan: plan, norms: norms, products: products,
      firstImage: firstImage)
  }

  /// Batches of all images, in order.
  public func batches(of images: ImageDataset) throws -> BatchLoader {
    try SubnetEvaluator.loader(images, normalisation: normalisation)
  }

  /// The ranges that inputs of layers were trained with.
  public var inputRanges: [String: Float] { supernet.inputRanges }
}
