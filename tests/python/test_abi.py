"""The mirror of ptakernels.h agrees with the header as a C compiler reads it, and the library is found as documented."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import support

from ptakernels import _abi, _library, errors
import ptakernels

HEADER = os.path.join(support.REPOSITORY, "native", "include", "ptakernels.h")
COMPILER = shutil.which("gcc") or shutil.which("cc") or shutil.which("g++")


def header():
    with open(HEADER, encoding="utf-8") as file:
        return file.read()


class TestStructs(unittest.TestCase):
    @unittest.skipIf(COMPILER is None, "needs a C compiler")
    def test_sizes_and_offsets_are_the_compilers(self):
        lines = ['#include <stdio.h>', f'#include "{HEADER}"', "int main(void) {"]
        for name, struct in _abi.STRUCTS.items():
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            lines += [f'printf("{name}.{field[0]} %zu\\n", offsetof({name}, {field[0]}));' for field in struct._fields_]
        with tempfile.TemporaryDirectory() as folder:
            source, program = os.path.join(folder, "sizes.c"), os.path.join(folder, "sizes")
            with open(source, "w", encoding="utf-8") as file:
                file.write("\n".join([*lines, "return 0; }"]))
            subprocess.run([COMPILER, source, "-o", program], check=True)
            printed = dict(line.split() for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines())
        for name, struct in _abi.STRUCTS.items():
            self.assertEqual(int(printed[name]), ctypes.sizeof(struct), name)
            for field in struct._fields_:
                self.assertEqual(int(printed[f"{name}.{field[0]}"]), getattr(struct, field[0]).offset, f"{name}.{field[0]}")

    def test_every_struct_of_the_header_is_mirrored(self):
        named = set(re.findall(r"^\} (pta_\w+);", header(), re.M))
        self.assertEqual(named, set(_abi.STRUCTS))

    def test_fields_have_the_headers_names_in_order(self):
        for name, struct in _abi.STRUCTS.items():
            body = re.search(r"typedef struct \{((?:(?!typedef)[\s\S])*?)\} " + name + ";", header()).group(1)
            body = re.sub(r"/\*[\s\S]*?\*/", "", body)
            fields = [re.search(r"(\w+)(?:\[\d+\])?$", part.strip()).group(1) for part in body.split(";") if part.strip()]
            self.assertEqual(fields, [field[0] for field in struct._fields_], name)

    def test_a_struct_knows_its_size(self):
        self.assertEqual(_abi.AlignOptions().struct_size, ctypes.sizeof(_abi.AlignOptions))


class TestFunctions(unittest.TestCase):
    def test_every_function_of_the_header_has_its_arguments(self):
        text = re.sub(r"/\*[\s\S]*?\*/", "", header())
        declared = {}
        for name, arguments in re.findall(r"PTA_API [\w\s\*]*?(pta_\w+)\(([^)]*)\)", text):
            declared[name] = 0 if arguments.strip() == "void" else len(arguments.split(","))
        self.assertEqual({name: len(arguments) for name, (_, arguments) in _abi.PROTOTYPES.items()}, declared)

    def test_numbers_are_the_headers(self):
        numbers = {name: int(value, 0) for name, value in re.findall(r"\b(PTA_\w+) = (-?\d+)", header())}
        numbers["PTA_ABI_VERSION"] = int(re.search(r"#define PTA_ABI_VERSION (\d+)", header()).group(1))
        for name, value in numbers.items():
            short = name[len("PTA_"):]
            kebab = short.split("_", 1)[-1].lower().replace("_", "-")
            if short.startswith("TRANSPORT_"):
                statuses = dict(zip(_abi.TRANSPORT_STATUSES, range(4)))
                self.assertEqual(statuses[kebab] if kebab in statuses else _abi.TRANSPORTS[kebab], value, name)
            elif short.startswith("PRESET_"):
                self.assertEqual(_abi.PRESETS[kebab], value)
            else:
                self.assertEqual(getattr(_abi, short), value, name)

    def test_statuses_become_exceptions(self):
        expected = {
            _abi.ERROR_ARGUMENT: ValueError, _abi.ERROR_STRUCT: errors.AbiError, _abi.ERROR_MEMORY: MemoryError, _abi.ERROR_ISA: errors.IsaError,
            _abi.ERROR_DATA: errors.DataError, _abi.ERROR_INTERNAL: errors.PtaError,
        }
        for status, kind in expected.items():
            with self.assertRaises(kind):
                _library.check(status)
        self.assertEqual(_library.check(_abi.RANGE), _abi.RANGE)

    def test_a_failed_call_says_what_it_is_about(self):
        address = ctypes.c_void_p()
        with self.assertRaisesRegex(errors.IsaError, "sse9"):
            _library.check(_library.native().pta_workspace_create(b"sse9", ctypes.byref(address)))
        options = _abi.AlignOptions()
        options.struct_size = 3
        self.assertEqual(_library.native().pta_align_capacity(options, 1, 1, 1), -1)
        self.assertIn("options", _library.last_error())

    def test_versions_agree(self):
        self.assertEqual(ptakernels.version(), ptakernels.__version__)
        self.assertIn(ptakernels.isa(), ("portable", "avx2", "avx512"))


class TestFinding(unittest.TestCase):
    """Each in a process of its own, because a process loads the library once."""

    def run_with(self, code="import ptakernels; print(ptakernels.version())", **environment):
        whole = dict(os.environ, PYTHONPATH=support.PACKAGE, **environment)
        for unset in [name for name, value in environment.items() if value is None]:
            del whole[unset]
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={k: v for k, v in whole.items() if v is not None})

    def test_a_variable_that_names_no_file(self):
        result = self.run_with(PTAKERNELS_NATIVE="/nowhere/libptakernels.so")
        self.assertIn("AbiError: PTAKERNELS_NATIVE is /nowhere/libptakernels.so, which is no file", result.stderr)

    def test_another_library(self):
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(b"not a library")
            file.flush()
            self.assertIn("cannot be loaded", self.run_with(PTAKERNELS_NATIVE=file.name).stderr)

    @unittest.skipIf(COMPILER is None or support.SANITIZED, "needs a C compiler")
    def test_another_abi(self):
        with tempfile.TemporaryDirectory() as folder:
            source, library = os.path.join(folder, "other.c"), os.path.join(folder, "other.so")
            for text, sentence in (("unsigned pta_abi_version(void) { return 99; }", "has ABI version 99; this package speaks 2"),
                                   ("int nothing;", "is not libptakernels"),
                                   ("unsigned pta_abi_version(void) { return 2; }", "has no pta_version")):
                with open(source, "w", encoding="utf-8") as file:
                    file.write(text)
                subprocess.run([COMPILER, "-shared", "-fPIC", source, "-o", library], check=True)
                result = self.run_with(PTAKERNELS_NATIVE=library)
                self.assertIn("AbiError", result.stderr)
                self.assertIn(sentence, result.stderr)

    def test_an_instruction_set_that_is_none(self):
        self.assertIn("IsaError", self.run_with("import ptakernels; ptakernels.isa()", PTAKERNELS_ISA="sse9").stderr)
        self.assertEqual(self.run_with("import ptakernels; print(ptakernels.isa())", PTAKERNELS_ISA="portable").stdout, "portable\n")


if __name__ == "__main__":
    unittest.main()
