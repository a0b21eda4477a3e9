"""The commands of the pages: which the tests run, which they do not and why, and what stands for a user's own."""

from tilewright.boards.board import BOARDS as BOARD_FILES

BOARDS = sorted(file.stem for file in BOARD_FILES.glob("*.json"))

# What stands for a user's own in commands. Files and folders of a page's name lie in the folder where commands run.
SUBSTITUTES = {
    "$CIFAR10_ROOT": "ROOT",
    "B": "4",
    "BITS": "64",
    "FILE": "tilewright.bit",
    "HOST": "192.0.2.1",
    "IMAGES": "4",
    "K": "12",
    "MHZ": "100",
    "MINUTES": "10",
    "N": "16",
    "NAME": "features.27",
    "NETWORK": "network.safetensors",
    "PROGRAMS": "10",
    "ROUNDS": "2",
    "W": "64",
    # The user's copy
    "my_cnn.py": "docs/examples/brevitas_cnn.py",
}
# They exist, and that is all: commands that read more than their names are in RUN with files of their own.
FILES = ("CHECKPOINT", "FLOAT", "build/float/vgg16_float_cifar10.safetensors", "model.onnx", "model_best.pth.tar")
FILES += ("grey.onnx", "pets/train/cat/1.png", "pets/test/cat/2.png")
FILES += ("my_script.py", "script.py", "tilewright.bit", "net.pth", "build/brevitas/network.safetensors")
FILES += (
    "images.npz",
    "build/brevitas/images.npz",
    "build/mine/network.safetensors",
    "build/mine/images.npz",
    "model/checkpoints/vgg16_w4a4_cifar10.csv",
)
FILES += ("build/mine/network.safetensors", "build/mine/images.npz")
FOLDERS = ("DIR", "ROOT", "RUN_A", "RUN_B", "build/training")

# Of the boards' guides: before and behind the user
ON_BOARDS = (
    ("check HOST --bitstream tilewright.bit", ""),
    ("check HOST --bitstream tilewright.bit", " --network network.safetensors --bench 10 --batch 4"),
    ("deploy HOST --bitstream tilewright.bit", " --network network.safetensors --images images.npz"),
    ("report HOST --bitstream tilewright.bit", " --soak 10 -o report.json"),
)

# In this order: what one writes the next may read
RUN = (
    "python -m tilewright_model images --out images.npz",
    "python -m tilewright_model layers net.safetensors",
    "python -m tilewright_model layers network.safetensors",
    "python -m tilewright_model reference net.safetensors --images images.npz --out ref.npz",
    "tilewright bitstream check",
    "tilewright bitstream list",
    "tilewright estimate --array 32 --batch 16 --plot estimate.png",
    "tilewright estimate --array 32 --batch 16",
    "tilewright estimate --array 32 --batch 4 --plot vgg16.png",
    "tilewright estimate --stall-probability 0.05 --json",
    "tilewright estimate network.safetensors --array 8 --layers all",
    "tilewright explore --board pynq_z2 --rate 200",
    "tilewright explore network.safetensors --board pynq_z2 --rate 200",
    "tilewright info",
    "tilewright install-kernel",
    "tilewright stimulus export --out DIR --layer-file F.npz --image-index 3",
    "tilewright stimulus replay DIR",
    "tilewright stimulus replay DIR --json",
)
NOT_RUN = {
    "changes the shell or the environment": (
        ". .venv/bin/activate",
        "make setup",
        "pip install 'tilewright-0.1.0-py3-none-any.whl[sim]'",
        "pip install 'tilewright[brevitas]'",
        "pip install 'tilewright[farm,sim]'",
        "pip install 'tilewright-0.1.0-py3-none-any.whl[farm]'",
        "pre-commit install",
        "tilewright --install-completion",
    ),
    "serves until it is stopped: the site is built by tests/project/test_site.py": ("make docs",),
    "its parts are run by tests/project/test_board_project.py, tests/sim/test_sim_boards.py": ("make boards",),
    "minutes, other builds: a part is run by tests/board/test_board_suite.py, all by make boards": (
        "pytest tests/driver --board pynq_z2",
    ),
    "calls this test": ("make test",),
    "run by tests/explore on a small network": (
        "tilewright explore --plot explore.png",
        "tilewright explore --scale-sim topology.csv --json",
    ),
    "run by tests/bitstreams/test_bitstreams_commands.py": ("tilewright bitstream add tilewright.bit --board pynq_z2",),
    "needs Vivado: run against a stand-in by tests/vivado/test_vivado_build.py": (
        *(f"tilewright board build {board}" for board in BOARDS),
        "tilewright board build NAME [--array N] [--dsp-columns K] [--stream W] [--clock MHZ] [--set NAME=VALUE] "
        "[--output DIR] [--work-root DIR] [--allow-negative-slack] [--any-version] [--json]",
    ),
    "the main job, half a minute: run by tests/runs/test_runs_commands.py": ("make demo",),
    "the main job without PyTorch: run by tests/project/test_wheel.py": ("tilewright demo",),
    "half a minute, PyTorch with it: run by tests/driver/test_driver_commands.py": (
        "tilewright verify --layer features.27 --array 16",
    ),
    "half a minute, PyTorch with it: run by tests/runs/test_runs_commands.py on smaller networks": (
        "tilewright run build/brevitas/network.safetensors --images build/brevitas/images.npz --check",
        "tilewright run build/brevitas/network.safetensors --images build/brevitas/images.npz --layers all --check",
        "tilewright run build/mine/network.safetensors --images build/mine/images.npz --layers all --check",
        "tilewright run network.safetensors --images photos.npz --array 16 --batch 4 --check",
        "tilewright verify --layers all",
    ),
    "half a minute: run by tests/runs/test_runs_report.py on a smaller network": (
        "tilewright report --compare before.html after.html -o difference.html",
        "tilewright report run.json -o run.html",
        "tilewright run --check --json > run.json",
        "tilewright run network.safetensors --data ROOT --count 100 --batch 16 --check --report run.html",
    ),
    "half a minute: run by tests/runs/test_runs_trace.py on a smaller network": ("tilewright run --trace run.fst",),
    "a minute: run by tests/board/test_board_bench.py on a layer": ("tilewright bench",),
    "a minute, valgrind with it: run by tests/runs/test_runs_host_cost.py on a small network": (
        "tilewright bench --host-cost [NETWORK] [--part NAME] [--batch N] [--json]",
        "tilewright bench --host-cost --json",
    ),
    "PyTorch for 20 s: run by tests/stimulus/test_stimulus_notebook.py on a layer file": (
        "tilewright stimulus export --out DIR",
        "tilewright stimulus export --out DIR --as-notebook",
    ),
    "needs CIFAR-10, and minutes: run by tests/notebooks/test_golden.py on scikit-image's pictures": (
        "tilewright golden --out golden --data ROOT --count 4",
    ),
    "needs CIFAR-10, and minutes: run by tests/model/cli and tests/model/integers on some images": (
        "python -m tilewright_model equality --data $CIFAR10_ROOT --json",
        "python -m tilewright_model equality --data ROOT --json",
        "python -m tilewright_model evaluate --checkpoint net.pth",
        "python -m tilewright_model evaluate --data $CIFAR10_ROOT --json",
        "python -m tilewright_model evaluate --data ROOT",
        "python -m tilewright_model evaluate --data ROOT --plot confusion.png",
        "python -m tilewright_model evaluate --integer --data ROOT",
        "python -m tilewright_model evaluate net.safetensors --data ROOT",
    ),
    "needs CIFAR-10, and minutes, an hour for all: make evidence": (
        "python benchmarks/simulation.py --json",
        "tilewright run --data $CIFAR10_ROOT --count 64 --array 64 --batch 32 --seed 7 --stream 128 --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 16 --array 32 --batch 16 --seed 3 --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 16 --array 32 --batch 16 --seed 6 --layers all --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 4 --array 16 --batch 4 --seed 5 --layers all --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 4 --array 8 --batch 1 --seed 4 --layers all --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 64 --array 16 --batch 4 --seed 2 --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 64 --array 8 --batch 1 --seed 1 --check --json",
        "tilewright run resnet20 --data $CIFAR10_ROOT --count 64 --array 16 --batch 4 --seed 16 --check --json",
        "tilewright run resnet20 --data $CIFAR10_ROOT --count 64 --array 32 --batch 16 --seed 32 --check --json",
        "tilewright run resnet20 --data $CIFAR10_ROOT --count 64 --array 8 --batch 1 --seed 8 --check --json",
        "tilewright run --data ROOT --count 16 --array 16 --batch 4 --check",
    ),
    "needs CIFAR-10, and minutes: run by tests/farm/test_farm_workers.py on a small network": (
        "tilewright farm --data ROOT --count 16 --workers 2",
        "tilewright farm --data ROOT --count 10000 --array 32 --batch 16 --layers all --record all.jsonl"
        " --minutes MINUTES",
        "tilewright farm --data ROOT --count 10000 --scheduler tcp://10.0.0.1:8786 --array 32 --device sim"
        " --record all.jsonl",
        "tilewright farm --data ROOT --count 10000 --bitstream tilewright.bit --host HOST --host HOST"
        " --record all.jsonl",
    ),
    "hours: goes on from its record": (
        "python benchmarks/evidence.py vgg16_10000 --minutes MINUTES",
        "tilewright farm --data $CIFAR10_ROOT --count 10000 --array 32 --batch 16 --layers all --seed 8"
        " --record docs/results/vgg16_10000.jsonl --json",
    ),
    "serves until it is stopped: run by tests/farm/test_farm_workers.py": (
        "dask scheduler --host 10.0.0.1",
        "dask worker tcp://10.0.0.1:8786 --nthreads 1 --resources device=1 --name sim-a",
    ),
    "needs a board: run without one by tests/farm/test_farm_workers.py": (
        "TILEWRIGHT_DEVICE=board TILEWRIGHT_BITSTREAM=tilewright.bit dask worker tcp://10.0.0.1:8786 --nthreads 1"
        " --resources device=1 --name pynq-a",
    ),
    "trains, for hours: run by tests/model/training on little": (
        "python -m tilewright_model train --recipe cosine --out build/training",
        "python -m tilewright_model train --recipe distilled --teacher FLOAT --seed 0 --tf32 --compile"
        " --evaluate-every 25",
        "python -m tilewright_model train --recipe distilled --teacher build/float/vgg16_float_cifar10.safetensors"
        " --out build/w4a4",
        "python -m tilewright_model train --data pets --recipe cosine --out build/pets",
        "python -m tilewright_model train --recipe float --out build/float",
        "python -m tilewright_model train --recipe float --seed 0 --tf32 --compile --amp --evaluate-every 25",
        "torchrun --nproc-per-node 4 -m tilewright_model train --recipe cosine --out build/training",
    ),
    "shows what was trained, 20 s: run by tests/model/training on little": (
        "python -m tilewright_model plot RUN_A RUN_B --out build/pictures",
        "python -m tilewright_model plot build/training",
        "python -m tilewright_model plot model/checkpoints/vgg16_w4a4_cifar10.csv --out build/pictures",
        "tensorboard --logdir build/training",
    ),
    "10 s and more for VGG16: run by tests/model/integers and tests/model/network_file": (
        "python -m tilewright_model capture --out layer.npz",
        "python -m tilewright_model export --checkpoint CHECKPOINT --out network.safetensors",
        "python -m tilewright_model export --out net.safetensors",
    ),
    "reads another's checkpoint: run by tests/model/checkpoints/test_importing.py with one": (
        "python -m tilewright_model import model_best.pth.tar --out notebook.safetensors",
        "python -m tilewright_model import model_best.pth.tar --out student.safetensors",
        "python -m tilewright_model import net.pth --out net.safetensors --act-bits 4"
        " --layer-act-bits features.27=2 --json",
    ),
    "Brevitas, 20 s: run by tests/model/foreign": (
        "python -m tilewright_model import-qonnx grey.onnx --mean 0.5 --std 0.25 --out grey.safetensors",
        "python -m tilewright_model import-qonnx model.onnx --out net.safetensors",
        "python -m tilewright_model import-qonnx model.onnx --out network.safetensors",
        "python docs/examples/brevitas_cnn.py",
        "python my_cnn.py --out build/mine",
    ),
    "needs a board: run by tests/board/test_board_selftest.py, test_board_suite.py, test_board_deploy.py on none": (
        "TILEWRIGHT_BITSTREAM=tilewright.bit pytest --pyargs tilewright.selftest",
        "pytest --device board --bitstream tilewright.bit",
        "pytest --device remote --bitstream tilewright.bit --host HOST",
        "pytest -p tilewright.selftest.plugin --pyargs tilewright.selftest --bitstream tilewright.bit",
        "tilewright board deploy HOST --bitstream FILE",
        "tilewright board deploy HOST --bitstream tilewright.bit",
        "tilewright board deploy HOST --bitstream tilewright.bit --user ubuntu",
    ),
    "needs a board: run by tests/board/test_board_check.py on none": (
        "tilewright board check HOST --bitstream FILE",
        *(f"tilewright board {command}{user}{more}" for user in ("", " --user ubuntu") for command, more in ON_BOARDS),
        "tilewright board check HOST --bitstream tilewright.bit --network network.safetensors --bench 5000 --batch 8",
        "tilewright board deploy HOST --bitstream tilewright.bit --network network.safetensors --images golden.npz"
        " --batch 4",
        "tilewright board check sim --array 16",
        "tilewright golden network.safetensors --images images.npz --count 8 -o golden.npz",
    ),
    "runs until it is stopped: run by tests/remote/test_remote_driver.py": ("tilewright serve",),
    "builds a simulator, half a minute: run by tests/guest/test_simulate_command.py": (
        "tilewright simulate --hwh design.hwh --rtl ip.v -- script.py",
        "tilewright simulate --hwh design.hwh --rtl my_ip.v",
        "tilewright simulate --hwh design.hwh --rtl my_ip.v -- my_script.py arguments",
    ),
    "builds a simulator, a minute: run by tests/sim/test_sim_build.py through open_overlay": (
        "fusesoc run --target sim --setup --build tilewright:soc:sim --N 16",
    ),
    "make lint runs it before the tests": ("fusesoc run --target lint tilewright:ip:accelerator",),
    "a minute: run by tests/cores/test_golden.py": ("fusesoc run --target sim tilewright:ip:accelerator",),
    "minutes of Yosys: make evidence": ("fusesoc run --target synth tilewright:ip:accelerator",),
    "minutes of Yosys: make silicon": (
        "python benchmarks/area.py --array 16 --dsp-columns 8 --json",
        "python benchmarks/area.py --array 16 --dsp-columns 8 --stream-w 128 --json",
        "python benchmarks/area.py --array 16 --json",
        "python benchmarks/area.py --array 32 --dsp-columns 12 --json",
        "python benchmarks/area.py --array 32 --dsp-columns 12 --stream-w 128 --json",
        "python benchmarks/area.py --array 8 --dsp-columns 8 --json",
        "python benchmarks/area.py --array 8 --json",
        "python benchmarks/timing.py --array 16 --json",
        "python benchmarks/timing.py --array 32 --dsp-columns 12 --json",
        "python benchmarks/timing.py --array 8 --json",
    ),
    "run on a small network by tests/project/test_boards.py": (
        "python benchmarks/boards.py",
        "python benchmarks/boards.py --json",
    ),
    "place and route, half an hour and more: make silicon": (
        "python benchmarks/place_route.py --array 16 --json",
        "python benchmarks/place_route.py --array 8 --json",
    ),
    "a netlist and its simulator, five minutes: make silicon": (
        "python benchmarks/netlist.py --array 8 --dsp-columns 0 --json",
        "python benchmarks/netlist.py --array 8 --dsp-columns 8 --json",
        "python benchmarks/netlist.py --array 16 --dsp-columns 16 --json",
    ),
    "without --setup needs Vivado; with it run by tests/project/test_board_project.py": (
        "fusesoc run --target pynq_z2 --setup tilewright:soc:board",
        "fusesoc run --target pynq_z2 tilewright:soc:board",
        "fusesoc run --target pynq_z2 --setup tilewright:soc:board --N 32 --DSP_COLUMNS 12 --CLOCK 80",
    ),
    "a synopsis": (
        "tilewright bench [NETWORK | --layer NAME] [--batch N] [--count IMAGES] [--repeat ROUNDS] [--clock MHZ]"
        " [--json]",
        "tilewright board deploy HOST --bitstream tilewright.bit [--user xilinx] [--port N] [--key FILE]"
        " [--ssh-config FILE] [--python FILE] [--workdir tilewright] [--wheel FILE] [--no-sudo]"
        " [--network network.safetensors] [--images images.npz] [--count N] [--batch B] [--no-selftest] [--json]",
        "tilewright board check HOST --bitstream tilewright.bit [--selftest] [--network network.safetensors]"
        " [--images images.npz] [--count N] [--bench PROGRAMS] [--batch B] [--soak MINUTES] [--keep-going]"
        " [--report report.json] [--json]",
        "tilewright board check sim [--array N] [--stream BITS] [--seed N]",
        "tilewright serve [--port 7967] [--address 127.0.0.1] [--array 8] [--seed N] [--json]",
    ),
}
# Blocks that are no command, no Python and no drawing: page and first line
OUTPUTS = {
    ("README.md", "Tilewright against PyTorch"),
    (
        "docs/explore.md",
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,",
    ),
    ("docs/hangs.md", "DeviceTimeoutError: no result within 5.0 s"),
    ("docs/import.md", "layer        shape        W  A  norm  alpha_w  alpha_a  weight_q"),
}
