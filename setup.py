"""The packages: those that are found below host/ and model/, and the notebooks, whose folder has another name."""

from setuptools import find_packages, setup

found = [*find_packages("host", include=["tilewright*"]), *find_packages("model", include=["tilewright_model*"])]

setup(
    packages=[*found, "tilewright_notebooks"],
    package_dir={
        "tilewright": "host/tilewright",
        "tilewright_model": "model/tilewright_model",
        "tilewright_notebooks": "host/notebooks",
    },
)
