"""A program on the emitted Verilog, over buses that nobody here wrote: cocotbext-axi.

The host of a real system, in Python: it puts program and input into an AXI memory, starts the core
through AXI4-Lite, waits for the interrupt and reads the results. `run.py` builds and starts it.
"""

import itertools
import json
import os
import random
import struct
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, First, RisingEdge
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam

CONTROL, STATUS, INTERRUPT_ENABLE, INTERRUPT_STATUS = 0x10, 0x14, 0x18, 0x1C
PROGRAM, INPUT, RESULT, SCRATCH = 0x20, 0x28, 0x30, 0x38
LAYERS = 0x60


def pauses(seed, share):
    """Pauses a channel in about `share` of all cycles; the same seed gives the same cycles."""
    cycles = random.Random(seed)
    return (cycles.random() < share for _ in itertools.count())


def pause(ram, host, seed):
    """Random pauses on all channels of both buses."""
    channels = [
        ram.write_if.aw_channel,
        ram.write_if.w_channel,
        ram.write_if.b_channel,
        ram.read_if.ar_channel,
        ram.read_if.r_channel,
        host.write_if.aw_channel,
        host.write_if.w_channel,
        host.write_if.b_channel,
        host.read_if.ar_channel,
        host.read_if.r_channel,
    ]
    for number, channel in enumerate(channels):
        channel.set_pause_generator(pauses(seed * 100 + number, 0.2))


async def run(dut, ram, host, job):
    """One run of the job; returns its results, integers."""
    for register, address in [
        (PROGRAM, job["program_address"]),
        (INPUT, job["input_address"]),
        (RESULT, job["result_address"]),
        (SCRATCH, job["scratch_address"]),
    ]:
        await host.write_qword(register, address)
    await host.write_dword(INTERRUPT_ENABLE, 3)
    await host.write_dword(CONTROL, 1)
    limit = ClockCycles(dut.clock, job["most_cycles"])
    if not dut.irq.value:
        assert await First(RisingEdge(dut.irq), limit) is not limit, "no interrupt"
    status = await host.read_dword(STATUS)
    assert status & 0xF == 0b0010, f"status {status:#x}: done, and nothing else"
    assert await host.read_dword(INTERRUPT_STATUS) == 1
    await host.write_dword(INTERRUPT_STATUS, 1)
    await RisingEdge(dut.clock)
    assert not dut.irq.value, "the interrupt is cleared"
    assert await host.read_dword(LAYERS) == job["layers"]
    count = len(job["results"])
    return list(struct.unpack(f"<{count}q", ram.read(job["result_address"], 8 * count)))


@cocotb.test()
async def a_program_gives_its_results(dut):
    job = json.loads(Path(os.environ["CROMULENT_JOB"]).read_text())
    seed = int(os.environ["CROMULENT_SEED"])
    dut.reset.value = 1
    cocotb.start_soon(Clock(dut.clock, 10, unit="ns").start())
    ram = AxiRam(
        AxiBus.from_prefix(dut, "m_axi"), dut.clock, dut.reset, size=job["memory_bytes"]
    )
    host = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clock, dut.reset)
    if seed:
        pause(ram, host, seed)
    await ClockCycles(dut.clock, 5)
    dut.reset.value = 0
    await ClockCycles(dut.clock, 2)
    ram.write(job["program_address"], Path(job["program"]).read_bytes())
    ram.write(job["input_address"], Path(job["input"]).read_bytes())
    for again in range(job["runs"]):
        ram.write(job["result_address"], b"\xa5" * 8 * len(job["results"]))
        results = await run(dut, ram, host, job)
        assert results == job["results"], f"run {again}: {results}"
