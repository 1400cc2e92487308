"""Packs native/python/ptakernels and a native library into a wheel (PEP 427, PEP 600).

    make_wheel.py REPOSITORY LIBRARY GLIBC OUT    GLIBC: the newest version that the library asks for, as 2.17; OUT: the folder to write to
"""

import base64
import glob
import hashlib
import os
import re
import sys
import zipfile

NAME = "ptakernels"
OLDEST_PYTHON, NEWEST_PYTHON = 9, 13
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Nothing in a wheel depends on when it was made."""


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def version_of(repository):
    """The library's release, as CMake has it."""
    return re.search(r"project\(ptakernels VERSION ([0-9.]+)", read(repository, "native", "CMakeLists.txt").decode()).group(1)


def metadata(repository, version):
    lines = [
        "Metadata-Version: 2.1", f"Name: {NAME}", f"Version: {version}",
        "Summary: Exact, fast kernels of probabilistic token alignment: fuse language models with different tokenizers",
        "License: MIT", "License-File: LICENSE", f"Requires-Python: >=3.{OLDEST_PYTHON}", "Provides-Extra: numpy", 'Requires-Dist: numpy ; extra == "numpy"',
        "Keywords: knowledge fusion,tokenizers,alignment,optimal transport,dynamic time warping,edit distance",
        "Classifier: Intended Audience :: Science/Research", "Classifier: License :: OSI Approved :: MIT License",
        "Classifier: Operating System :: POSIX :: Linux", "Classifier: Programming Language :: C++", "Classifier: Programming Language :: Python :: 3",
        *(f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(OLDEST_PYTHON, NEWEST_PYTHON + 1)),
        "Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence", "Classifier: Typing :: Typed", "Description-Content-Type: text/markdown",
    ]
    return ("\n".join(lines) + "\n\n").encode() + read(repository, "native", "python", "README.md")


def content(repository, library, version, tag):
    """Paths inside of the wheel to their bytes, all but RECORD."""
    package = os.path.join(repository, "native", "python")
    paths = [p for p in glob.glob(os.path.join(package, NAME, "**", "*"), recursive=True) if p.endswith((".py", "py.typed"))]
    files = {os.path.relpath(path, package): read(path) for path in paths}
    files[f"{NAME}/libptakernels.so"] = read(library)
    info = f"{NAME}-{version}.dist-info"
    files[f"{info}/METADATA"] = metadata(repository, version)
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    files[f"{info}/LICENSE"] = read(repository, "LICENSE")
    return files


def record_line(path, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"


def write(path, files, record):
    """Replaces the wheel in one step, so that none is ever half there."""
    with zipfile.ZipFile(path + ".new", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, data in [*sorted(files.items()), record]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            wheel.writestr(entry, data)
    os.replace(path + ".new", path)


def main():
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        return 2
    repository, library, glibc, out = sys.argv[1:]
    version = version_of(repository)
    tag = f"py3-none-manylinux_{glibc.replace('.', '_')}_x86_64"
    files = content(repository, library, version, tag)
    record = f"{NAME}-{version}.dist-info/RECORD"
    lines = [record_line(name, data) for name, data in sorted(files.items())]
    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, f"{NAME}-{version}-{tag}.whl")
    write(path, files, (record, ("".join(lines) + f"{record},,\n").encode()))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
