"""The wheel: the same bytes each time, complete and hashed, and installed, used and removed on every Python there is."""

import base64
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import zipfile

import support

LIBRARY = os.path.join(support.REPOSITORY, "artifacts", "native", "release", "libptakernels.so")
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

USE = """
import gzip, json, os, sys
import ptakernels
assert "site-packages" in ptakernels.__file__, ptakernels.__file__
samples = sys.argv[1]
def read(name):
    with gzip.open(os.path.join(samples, name + ".jsonl.gz"), "rt", encoding="utf-8") as file:
        rows = [json.loads(next(file)) for _ in range(2)]
    return [ptakernels.TokenizedDocument(r["input_ids"], r["per_step_indices"], r["per_step_logits"]) for r in rows]
pair = ptakernels.VocabularyPair(*(ptakernels.Vocabulary.load(os.path.join(samples, "vocab", n + ".json.gz")) for n in ("gpt2", "spA")))
for document in ptakernels.align_batch(pair, list(zip(read("gpt2"), read("spA"))), "reference"):
    print(document.rows.letters)
"""


def pythons():
    """One interpreter of each version that has pip."""
    found = []
    for version in VERSIONS:
        places = [shutil.which(f"python{version}"), *sorted(glob.glob(os.path.join(os.path.expanduser("~/.pyenv"), "versions", version + ".*", "bin", "python")))]
        for place in filter(None, places):
            if subprocess.run([place, "-c", "import pip, venv"], capture_output=True).returncode == 0:
                found.append(place)
                break
    return found


def files_under(folder):
    return sorted(os.path.relpath(os.path.join(root, name), folder) for root, _, names in os.walk(folder) for name in names)


@support.first_test
@unittest.skipIf(not os.path.exists(LIBRARY), "needs a built library")
class TestWheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([os.path.join(support.REPOSITORY, "scripts", "wheel"), "--library", LIBRARY], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.path = done.stdout.strip()

    def test_its_name(self):
        self.assertRegex(os.path.basename(self.path), r"^ptakernels-\d+\.\d+\.\d+-py3-none-manylinux_2_\d+_x86_64\.whl$")

    def test_its_record(self):
        with zipfile.ZipFile(self.path) as wheel:
            info = next(name for name in wheel.namelist() if name.endswith("/RECORD")).rsplit("/", 1)[0]
            recorded = dict(line.split(",", 1) for line in wheel.read(f"{info}/RECORD").decode().splitlines())
            self.assertEqual(sorted(recorded), sorted(wheel.namelist()))
            for name in wheel.namelist():
                if name != f"{info}/RECORD":
                    digest = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).rstrip(b"=").decode()
                    self.assertEqual(recorded[name], f"sha256={digest},{len(wheel.read(name))}")
            for needed in ("ptakernels/__init__.py", "ptakernels/py.typed", "ptakernels/libptakernels.so", f"{info}/LICENSE", f"{info}/METADATA", f"{info}/WHEEL"):
                self.assertIn(needed, recorded)
            self.assertIn(f"Tag: {re.search('py3.*(?=.whl)', self.path).group()}\n", wheel.read(f"{info}/WHEEL").decode())

    def test_the_same_bytes_again(self):
        with open(self.path, "rb") as file:
            before = file.read()
        subprocess.run([os.path.join(support.REPOSITORY, "scripts", "wheel"), "--library", LIBRARY], check=True, capture_output=True)
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_on_every_python(self):
        found = pythons()
        if not found:
            self.skipTest("no Python with pip and venv")
        printed = set()
        for python in found:
            with self.subTest(python), tempfile.TemporaryDirectory() as folder:
                printed.add(self.install_use_and_remove(python, folder))
        self.assertEqual(len(printed), 1)
        self.assertTrue(printed.pop().startswith("OOOOOXXX"))

    def install_use_and_remove(self, python, folder):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PTAKERNELS"))}
        own = os.path.join(folder, "venv", "bin", "python")

        def run(*command):
            done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        def pip(*arguments):
            return run(python, "-m", "pip", "--disable-pip-version-check", "--python", own, *arguments)

        run(python, "-m", "venv", "--without-pip", os.path.join(folder, "venv"))
        before = files_under(os.path.join(folder, "venv"))
        pip("install", "--no-index", "--no-compile", self.path)
        printed = run(own, "-c", USE, support.SAMPLES)
        self.assertIn("No broken requirements", pip("check"))
        pip("uninstall", "--yes", "ptakernels")
        self.assertEqual(files_under(os.path.join(folder, "venv")), before)
        return printed


if __name__ == "__main__":
    unittest.main()
