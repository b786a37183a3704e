# SPDX-License-Identifier: Apache-2.0
"""The demo's honest package: compiles a C extension, as thousands of real ones do."""
from setuptools import Extension, setup

setup(name="honest", version="1.0", ext_modules=[Extension("honest", ["honest.c"])])
