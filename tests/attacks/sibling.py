# SPDX-License-Identifier: Apache-2.0
"""The harmless package that pip unpacks beside the hostile one, and the build backend of that: a wheel with this file."""
import os
import zipfile

INFO = "sibling-1.0.dist-info/"
META = "Metadata-Version: 2.1\nName: sibling\nVersion: 1.0\n"
KIND = "Wheel-Version: 1.0\nGenerator: sibling\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    os.mkdir(os.path.join(folder, INFO))
    with open(os.path.join(folder, INFO, "METADATA"), "w", encoding="utf-8") as file:
        file.write(META)
    return INFO.rstrip("/")


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "sibling-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.write("sibling.py")
        wheel.writestr(INFO + "METADATA", META)
        wheel.writestr(INFO + "WHEEL", KIND)
        wheel.writestr(INFO + "RECORD", "".join(f"{file},,\n" for file in (
            "sibling.py", INFO + "METADATA", INFO + "WHEEL", INFO + "RECORD")))
    return name
