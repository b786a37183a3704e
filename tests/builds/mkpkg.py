# SPDX-License-Identifier: Apache-2.0
"""Makes Python packages by hand, byte for byte the same each time: no build tool runs, so nothing of one is tested.

sdist() and wheel() take a mapping of file names to text or bytes and write the archive; tree() writes the same mapping
as a folder, for editable installs.
"""
import base64
import gzip
import hashlib
import io
import os
import tarfile
import zipfile

EPOCH = 1577836800  # 2020-01-01; zip cannot say anything before 1980


def _bytes(content):
    return content if isinstance(content, bytes) else content.encode()


def metadata(name, version):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: built by a test of cordon\n"


def sdist(folder, name, version, files):
    """Gives the path of folder/name-version.tar.gz."""
    path = os.path.join(folder, f"{name}-{version}.tar.gz")
    members = {"PKG-INFO": metadata(name, version), **files}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in sorted(members.items()):
            data = _bytes(content)
            info = tarfile.TarInfo(f"{name}-{version}/{member}")
            info.size, info.mtime, info.mode = len(data), EPOCH, 0o644
            tar.addfile(info, io.BytesIO(data))
    os.makedirs(folder, exist_ok=True)
    with open(path, "wb") as out:
        out.write(gzip.compress(raw.getvalue(), mtime=EPOCH))
    return path


def wheel(folder, name, version, files):
    """Gives the path of a pure wheel with a METADATA, WHEEL and RECORD that fit its content."""
    path = os.path.join(folder, f"{name}-{version}-py3-none-any.whl")
    info = f"{name}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": metadata(name, version),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: mkpkg\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    for member, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(_bytes(content)).digest()).rstrip(b"=").decode()
        record.append(f"{member},sha256={digest},{len(_bytes(content))}")
    members[f"{info}/RECORD"] = "\n".join(record + [f"{info}/RECORD,,"]) + "\n"
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member, content in members.items():
            out.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), _bytes(content))
    return path


def tree(folder, files):
    for member, content in files.items():
        path = os.path.join(folder, member)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(_bytes(content))
    return folder
