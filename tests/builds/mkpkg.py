# SPDX-License-Identifier: Apache-2.0
"""Makes Python and npm packages by hand, byte for byte the same each time: no build tool runs, so nothing of one is
tested.

sdist(), wheel() and tarball() take a mapping of file names to text or bytes and write the archive; tree() writes the
same mapping as a folder, for editable installs. What begins with "#!" or is an ELF program can be run.
"""
import base64
import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile

EPOCH = 1577836800  # 2020-01-01; zip cannot say anything before 1980


def _bytes(content):
    return content if isinstance(content, bytes) else content.encode()


def _mode(data):
    return 0o755 if data.startswith((b"#!", b"\x7fELF")) else 0o644


def metadata(name, version):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: built by a test of cordon\n"


def _archive(path, top, members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in sorted(members.items()):
            data = _bytes(content)
            info = tarfile.TarInfo(f"{top}/{member}")
            info.size, info.mtime, info.mode = len(data), EPOCH, _mode(data)
            tar.addfile(info, io.BytesIO(data))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(gzip.compress(raw.getvalue(), mtime=EPOCH))
    return path


def sdist(folder, name, version, files):
    """Gives the path of folder/name-version.tar.gz."""
    return _archive(os.path.join(folder, f"{name}-{version}.tar.gz"), f"{name}-{version}",
                    {"PKG-INFO": metadata(name, version), **files})


def tarball(folder, manifest, files):
    """An npm package of what package.json says. Gives the path of folder/name-version.tgz, without the scope."""
    name = manifest["name"].rpartition("/")[2]
    return _archive(os.path.join(folder, f"{name}-{manifest['version']}.tgz"), "package",
                    {"package.json": json.dumps(manifest, indent=1), **files})


def wheel(folder, name, version, files, *, scripts=None, tag="py3-none-any"):
    """Gives the path of a wheel with a METADATA, WHEEL and RECORD that fit its content.

    `scripts`: programs for the environment's bin/, beside those of an entry_points.txt among `files`.
    """
    path = os.path.join(folder, f"{name}-{version}-{tag}.whl")
    info = f"{name}-{version}.dist-info"
    members = {
        **files,
        **{f"{name}-{version}.data/scripts/{script}": content for script, content in (scripts or {}).items()},
        f"{info}/METADATA": metadata(name, version),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: mkpkg\n"
                         f"Root-Is-Purelib: {str(tag == 'py3-none-any').lower()}\nTag: {tag}\n",
    }
    record = []
    for member, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(_bytes(content)).digest()).rstrip(b"=").decode()
        record.append(f"{member},sha256={digest},{len(_bytes(content))}")
    members[f"{info}/RECORD"] = "\n".join(record + [f"{info}/RECORD,,"]) + "\n"
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member, content in members.items():
            entry = zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (stat.S_IFREG | _mode(_bytes(content))) << 16
            out.writestr(entry, _bytes(content))
    return path


def tree(folder, files):
    for member, content in files.items():
        path = os.path.join(folder, member)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(_bytes(content))
        os.chmod(path, _mode(_bytes(content)))
    return folder
