"""cores/image: images as they are, folded into activation words."""

import pytest


@pytest.mark.parametrize(("n", "line"), [(8, 256), (16, 128), (32, 2048), (64, 128)])
def test_image_folder(run_cocotb, n: int, line: int) -> None:
    run_cocotb("image", "image_folder", "tb_image_folder", ("sram",), N=n, ACT_DEPTH=3000, IMAGE_LINE=line)
