/// The candidate closest to a mistyped word, or nil when none is near enough to be meant.
///
/// Distance is the number of inserted, deleted, replaced and swapped characters; at most a third of
/// the word (and at least two) may differ.
public func nearest(_ word: String, in candidates: [String]) -> String? {
  let limit = max(2, word.count / 3)
  let ranked = candidates.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }
  guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= limit else { return nil }
  return best.0
}

/// Damerau–Levenshtein distance (adjacent swaps count once).
private func editDistance(_ first: String, _ second: String) -> Int {
  let a = Array(first)
  let b = Array(second)
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1] + [Int](repeating: 0, count: b.count)
    for j in b.indices {
      row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
      }
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
