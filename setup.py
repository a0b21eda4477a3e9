"""The packages: those that are found below host/ and model/, and the notebooks; their folders: pyproject.toml."""

from setuptools import find_packages, setup

found = [*find_packages("host", include=["tilewright*"]), *find_packages("model", include=["tilewright_model*"])]

setup(packages=[*found, "tilewright_notebooks"])
