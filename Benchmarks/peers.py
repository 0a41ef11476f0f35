#!/usr/bin/env python3
"""Measures Kirchhoff's arrays beside CrossSim, PyTorch and aihwkit: in turn, in one run, on one thread.

    python3 Benchmarks/peers.py                      # the table
    python3 Benchmarks/peers.py --rounds 5 bitserial # only comparisons with this in their name
    python3 Benchmarks/peers.py --json > peers.jsonl

Kirchhoff is .build/release/kirchhoff (`make build`); Python needs numpy and torch, and aihwkit and
CrossSim (sandialabs/cross-sim on GitHub; on no package index) for the lines that name them: what is not
there is left out, and said so. A round measures one side, then the other; a side's value is its fastest
call of all rounds.

The peers, 512×512 and 256 vectors where nothing else is said:
  crosssim  A balanced AnalogCore with read noise on every device, drawn anew for every vector.
  numpy     The least that CrossSim's read noise takes: for every vector and both matrices of a balanced
            core a copy, a normal deviate a device, their sum and the product. A bound where CrossSim
            cannot be had.
  torch     The same arithmetic in plain PyTorch.
  aihwkit   Its tiles, as a user would set them for the same arrays.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
# Kernels chosen for another processor would halve the speed of both.
os.environ.pop("OPENBLAS_CORETYPE", None)

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)

ROOT = pathlib.Path(__file__).resolve().parent.parent
KIRCHHOFF = ROOT / ".build/release/kirchhoff"
SIZE, BATCH = 512, 256
DEVICE_NOISE, OUTPUT_NOISE, ADC_BOUND = 0.0175, 0.04, 12.0


# Sides: functions that measure for some seconds and give what they did a second.

def calls(work, function):
    """`work` items a call of `function`."""
    def measure(seconds):
        function()
        best, end = float("inf"), time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            function()
            best = min(best, time.perf_counter() - start)
        return work / best
    return measure


def bench(case):
    """A case of `kirchhoff bench`."""
    def measure(seconds):
        output = subprocess.run(
            [KIRCHHOFF, "bench", case, "--threads", "1", "--json", "--seconds", str(seconds)],
            check=True, capture_output=True, text=True).stdout
        results = [json.loads(line) for line in output.splitlines()]
        return next(result["value"] for result in results if result["case"] == case)
    return measure


def training(network, rule, steps, *settings):
    """Images a second of `kirchhoff train`, the data in memory."""
    def measure(seconds):
        with tempfile.TemporaryDirectory() as folder:
            config = f"{folder}/config.yaml"
            pathlib.Path(config).write_text(network)
            output = subprocess.run(
                [KIRCHHOFF, "train", config, "--rule", rule, "--steps", str(steps), "--run", f"{folder}/run",
                 "--threads", "1", "--quiet", "--json", "--set", "evaluation.every=0", "--set",
                 "evaluation.images=100", "--set", "evaluation.calibrationBatches=1", *settings],
                check=True, capture_output=True, text=True).stdout
            return json.loads(output)["imagesPerSecond"]
    return measure


# The peers.

def crosssim():
    from simulator import AnalogCore, CrossSimParameters
    parameters = CrossSimParameters()
    parameters.core.style = "BALANCED"
    noise = parameters.xbar.device.read_noise
    noise.enable, noise.model, noise.magnitude = True, "NormalIndependentDevice", DEVICE_NOISE
    random = np.random.default_rng(1)
    core = AnalogCore(random.uniform(-1, 1, (SIZE, SIZE)).astype(np.float32), params=parameters)
    inputs = random.uniform(-1, 1, (SIZE, BATCH)).astype(np.float32)
    return calls(BATCH, lambda: core @ inputs)


def numpy_devices():
    random = np.random.default_rng(1)
    inputs = random.uniform(-1, 1, (SIZE, BATCH))
    matrices = [random.uniform(0, 1, (SIZE, SIZE)).astype(np.float32) for _ in range(2)]

    def noisy(matrix):
        conductance = matrix.copy()
        return conductance + np.random.normal(scale=DEVICE_NOISE, size=conductance.shape)

    def product():
        return [np.dot(noisy(matrices[0]), x) - np.dot(noisy(matrices[1]), x) for x in inputs.T]
    return calls(BATCH, product)


def rounded(values, step):
    return (values / step).round_().mul_(step)


def torch_inputs(batch=BATCH):
    torch.manual_seed(1)
    return torch.randn(SIZE, SIZE) * 0.2, torch.rand(batch, SIZE) * 2 - 1


def torch_devices():
    weights, inputs = torch_inputs()

    def product():
        rows = []
        for first in range(0, BATCH, 16):  # noise of 16 vectors stays near the caches
            some = inputs[first:first + 16]
            noise = torch.randn(len(some), SIZE, SIZE).mul_(DEVICE_NOISE).add_(weights)
            rows.append(torch.bmm(noise, some.unsqueeze(2)).squeeze(2))
        return torch.cat(rows)
    return calls(BATCH, product)


def torch_chain():
    weights, inputs = torch_inputs()

    def product():
        largest = inputs.abs().amax(1, keepdim=True)
        codes = rounded(inputs / largest, 2 / 254)
        currents = codes @ weights.t()
        currents.add_(torch.randn(BATCH, SIZE), alpha=OUTPUT_NOISE)
        return rounded(currents, 2 * ADC_BOUND / 254).clamp_(-ADC_BOUND, ADC_BOUND).mul_(largest)
    return calls(BATCH, product)


def torch_bits(batch):
    """Five input bits one by one, four slices of two bits, 128 rows an array, a 6-bit converter for each sum."""
    torch.manual_seed(1)
    rows, slices, bits = 128, 4, 5
    weights = torch.randint(-128, 128, (SIZE, SIZE)) + 128
    cells = torch.stack([(weights >> (2 * k)) & 3 for k in range(slices)], 1)
    cells = cells.view(SIZE // rows, rows, slices * SIZE).float().contiguous()
    inputs = torch.randint(0, 32, (batch, SIZE), dtype=torch.int32)
    step = rows * 3 / 63
    weight_of_slice = torch.tensor([4.0 ** k for k in range(slices)])
    weight_of_bit = torch.tensor([2.0 ** k for k in range(bits)])

    def product():
        pulses = torch.stack([((inputs >> k) & 1).float() for k in range(bits)])
        pulses = pulses.view(bits * batch, SIZE // rows, rows).transpose(0, 1)
        sums = torch.bmm(pulses, cells).mul_(1 / step).round_().clamp_(0, 63).sum(0)
        sums = torch.tensordot(weight_of_bit, sums.view(bits, batch, slices, SIZE), 1)
        currents = torch.einsum("bsn,s->bn", sums, weight_of_slice).mul_(step)
        return currents.sub_(128 * inputs.sum(1, keepdim=True))
    return calls(batch, product)


def aihwkit_tile(noise, batch=BATCH):
    from aihwkit.inference import GlobalDriftCompensation, PCMLikeNoiseModel
    from aihwkit.nn import AnalogLinear
    from aihwkit.simulator.configs import (
        BoundManagementType, InferenceRPUConfig, NoiseManagementType, WeightNoiseType)
    config = InferenceRPUConfig()
    config.mapping.max_input_size = config.mapping.max_output_size = 0
    config.forward.inp_res = config.forward.out_res = 1 / 254
    config.forward.w_noise_type = getattr(WeightNoiseType, noise)
    config.forward.w_noise, config.forward.out_noise = DEVICE_NOISE, OUTPUT_NOISE
    config.forward.noise_management = NoiseManagementType.ABS_MAX
    config.forward.bound_management = BoundManagementType.NONE
    config.noise_model = PCMLikeNoiseModel(g_max=25.0)
    config.drift_compensation = GlobalDriftCompensation()
    torch.manual_seed(1)
    layer = AnalogLinear(SIZE, SIZE, bias=False, rpu_config=config).eval()
    layer.program_analog_weights()
    layer.drift_analog_weights(1.0)
    inputs = torch.rand(batch, SIZE) * 2 - 1

    def product():
        with torch.no_grad():
            layer(inputs)
    return calls(batch, product)


def aihwkit_lenet(first, second, hidden):
    """LeNet on soft-bounds devices that MixedPrecisionCompound programs, in steps of 64 images."""
    from aihwkit.nn import AnalogConv2d, AnalogLinear, AnalogSequential
    from aihwkit.optim import AnalogSGD
    from aihwkit.simulator.configs import (
        DigitalRankUpdateRPUConfig, MixedPrecisionCompound, SoftBoundsDevice)

    def arrays():
        config = DigitalRankUpdateRPUConfig(device=MixedPrecisionCompound(device=SoftBoundsDevice()))
        config.mapping.max_input_size = config.mapping.max_output_size = 0
        return config
    nn = torch.nn
    torch.manual_seed(1)
    widths = [16 * second] + hidden + [10]
    tail = [AnalogLinear(a, b, rpu_config=arrays()) for a, b in zip(widths, widths[1:])]
    network = AnalogSequential(
        AnalogConv2d(1, first, 5, rpu_config=arrays()), nn.ReLU(), nn.MaxPool2d(2),
        AnalogConv2d(first, second, 5, rpu_config=arrays()), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        *[layer for linear in tail[:-1] for layer in (linear, nn.ReLU())], tail[-1])
    optimizer = AnalogSGD(network.parameters(), lr=0.05)
    optimizer.regroup_param_groups(network)
    images, labels = torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return calls(64, step)


def lenet(first, second, hidden):
    tail = "".join(f"  - linear: {width}\n  - relu\n" for width in hidden)
    return (f"base: lenet\nnetwork:\n  - convolution: {{channels: {first}, kernel: 5}}\n  - relu\n  - maxPool: 2\n"
            f"  - convolution: {{channels: {second}, kernel: 5}}\n  - relu\n  - maxPool: 2\n{tail}  - linear: 10\n")


# What is compared: name, our side, the peer's side, the ratio that is wanted.

def case(kind, batch=BATCH):
    return bench(f"crossbar.fwd.512x512.{kind}.b{batch}")


def bits(batch):
    return bench(f"crossbar.bitserial.512x512.in5serial.adc6.b{batch}")


COMPARISONS = [
    ("noise of every device, aihwkit PCM_READ", case("pcmread8"), lambda: aihwkit_tile("PCM_READ"), 20),
    ("noise of every device, crosssim", case("pcmread8"), crosssim, 1000),
    ("noise of every device, numpy", case("pcmread8"), numpy_devices, None),
    ("noise of every device, torch", case("pcmread8"), torch_devices, None),
    ("converters and output noise, aihwkit", case("chain8"), lambda: aihwkit_tile("NONE"), 4),
    ("the same with weight noise, aihwkit", case("io8"), lambda: aihwkit_tile("ADDITIVE_CONSTANT"), 4),
    ("converters and output noise, torch", case("chain8"), torch_chain, 2.4),
    ("converters and output noise, our product", case("chain8"), lambda: case("plain"), 0.7),
    ("one vector, aihwkit", case("io8", 1), lambda: aihwkit_tile("ADDITIVE_CONSTANT", 1), 1),
    ("bitserial, 1 vector, torch", bits(1), lambda: torch_bits(1), 10),
    ("bitserial, 64 vectors, torch", bits(64), lambda: torch_bits(64), 10),
    ("bitserial, 256 vectors, torch", bits(256), lambda: torch_bits(256), 10),
    ("lenet, 3,220 weights, aihwkit", training(lenet(4, 12, []), "mixed-precision", 600),
     lambda: aihwkit_lenet(4, 12, []), 10),
    ("lenet, 80,000 weights, aihwkit", training(lenet(16, 32, [128]), "mixed-precision", 200),
     lambda: aihwkit_lenet(16, 32, [128]), 10),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="parts of names (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="seconds for each side of a round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    missing = [peer for peer, module in {"aihwkit": "aihwkit", "crosssim": "simulator"}.items()
               if importlib.util.find_spec(module) is None]
    if not options.json:
        print(f"torch {torch.__version__}, numpy {np.__version__}, one thread, "
              f"best of {options.rounds} rounds in turn\n")
        print(f"{'':42} {'Kirchhoff':>10} {'peer':>10} {'ratio':>8} {'wanted':>7}   a second")
    for name, ours, peer, wanted in COMPARISONS:
        if options.only and not any(part in name for part in options.only):
            continue
        absent = next((peer for peer in missing if peer in name), None)
        if absent:
            print(f"{name:42} left out: no {absent} here", file=sys.stderr)
            continue
        theirs = peer()
        values = [(ours(options.seconds), theirs(options.seconds)) for _ in range(options.rounds)]
        best, other = (max(side) for side in zip(*values))
        if options.json:
            print(json.dumps({"name": name, "kirchhoff": best, "peer": other, "ratio": best / other,
                              "wanted": wanted}), flush=True)
        else:
            print(f"{name:42} {best:10,.0f} {other:10,.0f} {best / other:8.2f} {wanted or '':>7}", flush=True)


main()
