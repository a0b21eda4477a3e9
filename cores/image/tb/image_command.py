"""IMAGE commands by chance, and the words that they write: what docs/program_format.md says, in plain Python."""

import random
from dataclasses import asdict, dataclass, replace

import numpy as np

from tilewright.hardware.program_format import IMAGE, Opcode

OUTSIDE = 128


@dataclass(frozen=True)
class ImageCommand:
    """Fields of an IMAGE command, under the format's names."""

    address: int
    after: int
    images: int
    rows: int
    row_bytes: int
    out_h: int
    out_w: int
    tile_stride: int
    low_stride: int
    run_bytes: int
    image_stride: int
    step_bytes: int
    first_byte: int
    kernel_h: int
    stride: int
    padding: int

    @property
    def tiles(self) -> int:
        """Bytes of a position."""
        return self.kernel_h * self.run_bytes

    def words(self, pixels) -> list[int]:
        """Stream words, that of the header first; pixels: uint8 (images, rows, row_bytes)."""
        padded = np.pad(pixels, ((0, 0), (0, 0), (0, -pixels.shape[2] % 16)))
        data = np.ascontiguousarray(padded).view("<u8").reshape(-1).tolist()
        beats = [0, *IMAGE.encode(asdict(self)), *data]
        beats[0] = Opcode.IMAGE | (len(beats) - 1) << 32
        return [low | high << 64 for low, high in zip(beats[::2], beats[1::2], strict=True)]

    def writes(self, pixels, n: int) -> list[tuple[int, int]]:
        """Address and word of each write, in order."""
        found = []
        for image in range(self.images):
            for oy in range(self.out_h):
                for ox in range(self.out_w):
                    place = self.address + image * self.image_stride + oy * self.out_w + ox
                    taps = self.taps(pixels[image], oy, ox)
                    for tile in range(-(-len(taps) // n)):
                        part = taps[tile * n : (tile + 1) * n]
                        part += [OUTSIDE] * (n - len(part))
                        for shift, at in ((4, 0), (0, self.low_stride)):
                            word = sum((byte >> shift & 15) << 4 * k for k, byte in enumerate(part))
                            found.append(((place + tile * self.tile_stride + at) % (1 << 24), word))
        return found

    def taps(self, image, oy: int, ox: int) -> list[int]:
        """The bytes that a position meets."""
        first = ox * self.step_bytes + self.first_byte
        return [
            int(image[y, x]) if 0 <= y < self.rows and 0 <= x < self.row_bytes else OUTSIDE
            for y in range(oy * self.stride - self.padding, oy * self.stride - self.padding + self.kernel_h)
            for x in range(first, first + self.run_bytes)
        ]


def layer_command(rng: random.Random, n: int, depth: int, line: int) -> ImageCommand:
    """A convolution of an image, or of a strip of it, whose words lie within the memory."""
    while True:
        channels, kernel_h, kernel_w = rng.choice((1, 2, 3, 4, 5)), rng.randint(1, 7), rng.randint(1, 7)
        stride, padding, left = rng.choice((1, 2)), rng.randint(0, 3), rng.randint(0, 3)
        rows, width, images = rng.randint(1, 12), rng.randint(1, 14), rng.randint(1, 3)
        out_h = (rows + padding + rng.randint(0, 3) - kernel_h) // stride + 1
        out_w = (width + left + rng.randint(0, 3) - kernel_w) // stride + 1
        tiles = -(-kernel_h * kernel_w * channels // n)
        tile_stride = out_h * out_w + rng.choice((0, 0, 3))
        words = images * 2 * tiles * tile_stride
        if out_h < 1 or out_w < 1 or width * channels > line or words > depth or images * out_h * out_w * tiles > 900:
            continue
        return ImageCommand(
            address=rng.randint(0, depth - words),
            after=0,
            images=images,
            rows=rows,
            row_bytes=width * channels,
            out_h=out_h,
            out_w=out_w,
            tile_stride=tile_stride,
            low_stride=tiles * tile_stride,
            run_bytes=kernel_w * channels,
            image_stride=2 * tiles * tile_stride,
            step_bytes=stride * channels,
            first_byte=-left * channels,
            kernel_h=kernel_h,
            stride=stride,
            padding=padding,
        )


def free_command(rng: random.Random, n: int, depth: int, line: int) -> ImageCommand:
    """Fields that no layer has: runs and steps of any length, rows as long as can be."""
    base = layer_command(rng, n, depth, line)
    run, kernel_h = rng.choice((rng.randint(1, 80), rng.randint(1, line - 1))), rng.randint(1, 7)
    out_h, out_w = rng.randint(1, 4), rng.randint(1, 4)
    tiles = -(-run * kernel_h // n)
    if out_h * out_w * tiles * 2 > 600:
        run, kernel_h, tiles = rng.randint(1, 24), 2, -(-48 // n)
    stride = 2 * out_h * out_w
    address = rng.randint(0, depth - tiles * stride)
    row_bytes, first = rng.randint(1, line), rng.randint(-line, line - 1)
    step = rng.choice((0, rng.randint(0, 40), min(line - 1, abs(line - first) // out_w)))  # to the row's end
    return replace(
        base,
        address=address,
        images=1,
        rows=rng.randint(1, 10),
        row_bytes=row_bytes,
        out_h=out_h,
        out_w=out_w,
        tile_stride=stride,
        low_stride=out_h * out_w,
        run_bytes=run,
        step_bytes=step,
        first_byte=first,
        kernel_h=kernel_h,
    )
