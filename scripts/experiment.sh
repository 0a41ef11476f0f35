#!/usr/bin/env bash
# Runs one of the long experiments of Experiments/, or goes on with it where it was stopped:
#
#   scripts/experiment.sh phases|compact|ranking|vgg8 [FOLDER]      (default folder: runs)
set -euo pipefail
cd "$(dirname "$0")/.."
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

experiment=${1:-}
folder=${2:-runs}
kirchhoff=.build/release/kirchhoff

# A run that is finished is left alone, one that was stopped goes on.
train() {
  local run=$1
  shift
  if [ -e "$run/result.json" ]; then
    return
  elif [ -e "$run/config.yaml" ]; then
    "$kirchhoff" train --run "$run" --resume
  else
    "$kirchhoff" train "$@" --run "$run"
  fi
}

case $experiment in
  phases)
    # Seeds outermost, so that every prefix of the experiment compares all schedules.
    for seed in 1 2 3 4 5; do
      for schedule in joint cnn-first cnn-first-freeze vit-first joint+projection; do
        train "$folder/phases/$schedule-$seed" Experiments/phases.yaml --seed $seed \
          --set schedule=$schedule
      done
    done
    "$kirchhoff" compare "$folder"/phases/{joint,cnn-first,cnn-first-freeze,vit-first,joint+projection}-[1-5]
    ;;
  compact)
    train "$folder/compact" Experiments/compact.yaml
    "$kirchhoff" evaluate "$folder/compact" largest smallest
    ;;
  ranking)
    train "$folder/ranking" Experiments/ranking.yaml
    if [ -e "$folder/ranking/rank/plan.json" ]; then
      "$kirchhoff" rank "$folder/ranking" --resume
    else
      "$kirchhoff" rank "$folder/ranking" --subnets 24 --steps 2000
    fi
    ;;
  vgg8)
    # As long as the paper's: 100 epochs, many hours. Stop it when you like, and look at its report.
    train "$folder/vgg8" Experiments/vgg8.yaml
    "$kirchhoff" evaluate "$folder/vgg8" --crossbar bulk-switching
    ;;
  *)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit 64
    ;;
esac
