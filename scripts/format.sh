#!/usr/bin/env bash
# Formats the Swift and C sources in place, or checks them with --check.
# Swift: the toolchain's own `swift format`. C: clang-format, at one version, because versions differ
# in what they do; it comes from pip where the machine has another.
set -euo pipefail
cd "$(dirname "$0")/.."

clang_format_version=18.1.8
mode="${1:-}"
[[ -z "$mode" || "$mode" == --check ]] || { echo "usage: $0 [--check]" >&2; exit 64; }

swift_paths=(Package.swift)
for folder in Sources Tests Benchmarks Examples; do
  [[ ! -d $folder ]] || swift_paths+=("$folder")
done
if [[ "$mode" == --check ]]; then
  swift format lint --strict --parallel --recursive "${swift_paths[@]}"
else
  swift format --in-place --parallel --recursive "${swift_paths[@]}"
fi

find_clang_format() {
  local tools=.build/format-tools
  local candidate
  for candidate in "$(command -v clang-format || true)" "$tools/bin/clang-format"; do
    if [[ -x "$candidate" ]] &&
      PYTHONPATH="$tools" "$candidate" --version | grep -q "version $clang_format_version"; then
      echo "$candidate"
      return
    fi
  done
  if python3 -m pip --version >/dev/null 2>&1 &&
    python3 -m pip install --quiet --disable-pip-version-check --target "$tools" \
      "clang-format==$clang_format_version" >&2; then
    echo "$tools/bin/clang-format"
  fi
}

clang_format="$(find_clang_format)"
if [[ -z "$clang_format" ]]; then
  echo "C is not formatted or checked: there is no clang-format $clang_format_version, and no pip" \
    "to fetch it" >&2
  exit 0
fi
export PYTHONPATH=.build/format-tools
mapfile -t c_files < <(find CSources -name '*.[ch]' | sort)
if [[ "$mode" == --check ]]; then
  "$clang_format" --dry-run -Werror "${c_files[@]}"
else
  "$clang_format" -i "${c_files[@]}"
fi
