"""cores/axi_intc with as many inputs as it can have; test_targets.py runs it with the default."""


def test_axi_intc_with_32_inputs(run_cocotb) -> None:
    run_cocotb("axi_intc", "axi_intc", "tb_axi_intc", ("axil",), INPUTS=32)
