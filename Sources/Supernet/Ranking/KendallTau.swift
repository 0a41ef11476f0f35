/// Kendall's rank correlation with ties, tau-b: 1 where two lists order everything alike, −1 where
/// they order it the other way round.
///
/// Kendall, "The treatment of ties in ranking problems", Biometrika 33, 1945:
/// (concordant − discordant) / √((pairs − ties in a)(pairs − ties in b)).
///
/// - Returns: The correlation; nil where one of the lists is constant.
public func kendallTau(_ a: [Double], _ b: [Double]) -> Double? {
  kendallTau(a, b, Array(a.indices))
}

/// The same over the elements at `indices`, each as often as it is named.
func kendallTau(_ a: [Double], _ b: [Double], _ indices: [Int]) -> Double? {
  precondition(a.count == b.count, "tau of \(a.count) and \(b.count) values")
  var (difference, untiedA, untiedB) = (0, 0, 0)
  for (position, i) in indices.enumerated() {
    for j in indices[..<position] {
      let signA = sign(a[i], a[j])
      let signB = sign(b[i], b[j])
      difference += signA * signB
      untiedA += signA * signA
      untiedB += signB * signB
    }
  }
  guard untiedA > 0, untiedB > 0 else { return nil }
  return Double(difference) / (Double(untiedA) * Double(untiedB)).squareRoot()
}

private func sign(_ a: Double, _ b: Double) -> Int { a > b ? 1 : a < b ? -1 : 0 }
