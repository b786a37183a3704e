# SPDX-License-Identifier: Apache-2.0
"""The cases of tests/builds/run, one module a kind of installer. Each has CASES: name -> function of (suite, name)."""
