"""The packages: those found below host/ and model/, the hardware's sources, the notebooks; folders: pyproject.toml."""

from setuptools import find_packages, setup

found = [*find_packages("host", include=["tilewright*"]), *find_packages("model", include=["tilewright_model*"])]

setup(packages=[*found, "tilewright.cores", "tilewright_notebooks"])
