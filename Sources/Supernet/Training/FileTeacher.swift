import Autodiff
import Datasets
import Runtime
import SearchSpace
import Tensor

/// A network of its own, read from a file of `kirchhoff extract`, that teaches the subnets of a step.
///
/// Its weights are no part of a run: to resume one, the file has to be there unchanged.
package struct FileTeacher {
  private let network: StandaloneNetwork
  private let normalisation: Normalisation?

  /// Reads a teacher.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - space: The students.
  ///   - normalisation: How the students' images are normalised; nil for as the teacher's.
  /// - Throws: `KirchhoffError` when the file is no sound network, or takes other images or tells
  ///   other classes apart.
  package init(_ path: String, of space: SupernetSpace, normalisation: Normalisation?) throws {
    network = try StandaloneNetwork(contentsOf: path)
    self.normalisation = normalisation == network.card.normalisation ? nil : normalisation
    let own = network.card.space
    guard own.inputChannels == space.inputChannels, own.classes == space.classes else {
      func text(_ space: SupernetSpace) -> String {
        "\(space.inputChannels) channels and \(space.classes) classes"
      }
      throw KirchhoffError(
        .config, subject: path, place: "distillation.teacher", found: text(own),
        expected: text(space) + ", as the students have")
    }
  }

  /// The class scores of the students' images, at the side and normalised as the teacher knows them.
  package func logits(_ images: Tensor) -> Tensor {
    let known = normalisation.map { images.renormalised(from: $0, to: network.card.normalisation) }
    return network.classify(resized(known ?? images, side: network.plan.resolution))
  }
}

extension Tensor {
  /// Images `[batch, height, width, channels]` as another normalisation would have made them.
  fileprivate func renormalised(from old: Normalisation, to new: Normalisation) -> Tensor {
    let channels = old.mean.count
    var values = floats
    for index in values.indices {
      let c = index % channels
      let pixel = values[index] * old.deviation[c] + old.mean[c]
      values[index] = (pixel - new.mean[c]) / new.deviation[c]
    }
    return Tensor(values, shape: shape)
  }
}
