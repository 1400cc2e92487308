"""Arrays in and out: what is taken without a copy, what is converted, and what is refused in which words."""

import array
import ctypes
import gc
import struct
import unittest
import weakref

import support
from support import needs_numpy, numpy


from ptakernels._arrays import new_output, take, take_output


def numbers(taken):
    """The content, read from its address."""
    code = {"u1": "B", "u2": "H", "i4": "i", "f8": "d"}[taken.dtype]
    return list(struct.unpack(f"{taken.size}{code}", ctypes.string_at(taken.address, taken.size * struct.calcsize(code))))


is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))


class FakeTensor:
    """A DLPack producer over a list of doubles or ints, on any device, with or without versions; counts its deleter's calls."""

    def __init__(self, values, shape=None, code=2, bits=64, device=1, versioned=False, readonly=False, strides=None, kind="d", lanes=1, major=1):
        self.buffer = (ctypes.c_char * (len(values) * struct.calcsize(kind))).from_buffer_copy(struct.pack(f"{len(values)}{kind}", *values))
        self.device, self.versioned, self.deleted = device, versioned, 0
        self.shape = (ctypes.c_int64 * len(shape or (len(values),)))(*(shape or (len(values),)))
        self.strides = None if strides is None else (ctypes.c_int64 * len(strides))(*strides)

        class Tensor(ctypes.Structure):
            _fields_ = [("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("number", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                        ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p), ("offset", ctypes.c_uint64)]

        class Managed(ctypes.Structure):
            _fields_ = [("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]

        class Versioned(ctypes.Structure):
            _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
                        ("flags", ctypes.c_uint64), ("tensor", Tensor)]

        tensor = Tensor(ctypes.addressof(self.buffer), device, 0, len(self.shape), code, bits, lanes, ctypes.addressof(self.shape),
                        None if self.strides is None else ctypes.addressof(self.strides), 0)

        def delete(_):
            self.deleted += 1

        self.delete = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(delete)
        deleter = ctypes.cast(self.delete, ctypes.c_void_p)
        self.managed = Versioned(major, 0, None, deleter, int(readonly), tensor) if versioned else Managed(tensor, None, deleter)
        self.name = ctypes.c_char_p(b"dltensor_versioned" if versioned else b"dltensor")

        def end(capsule):
            # As the protocol has it: who does not find the name changed still owns the tensor.
            if is_valid(capsule, self.name):
                self.deleted += 1

        self.end = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(end)

    def __dlpack_device__(self):
        return (self.device, 0)

    def __dlpack__(self, **arguments):
        if arguments and not self.versioned:
            raise TypeError("__dlpack__() got an unexpected keyword argument")
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(self.managed), self.name, ctypes.cast(self.end, ctypes.c_void_p))


class TestBuffers(unittest.TestCase):
    def test_what_fits_is_not_copied(self):
        values = array.array("d", [1, 2, 3])
        self.assertEqual(take("x", values, "f8").address, values.buffer_info()[0])
        self.assertEqual(numbers(take("x", memoryview(values), "f8")), [1, 2, 3])
        self.assertEqual(numbers(take("x", (ctypes.c_int32 * 2)(7, 8), "i4")), [7, 8])
        self.assertEqual(numbers(take("x", b"\x05\x06", "u1")), [5, 6])
        matrix = memoryview(array.array("i", range(6))).cast("B").cast("i", [2, 3])
        self.assertEqual(take("x", matrix, "i4", shape=(2, 3)).shape, (2, 3))

    def test_read_only_memory_is_read(self):
        self.assertEqual(numbers(take("x", memoryview(bytes(array.array("i", [4, 5]))).cast("i"), "i4")), [4, 5])

    def test_widening_is_exact(self):
        halves = memoryview(bytearray(struct.pack("3e", 0.5, 65504, -0.0)))
        for value in (array.array("f", [0.1, 3]), array.array("h", [-5, 7]), array.array("I", [2**32 - 1])):
            self.assertEqual(numbers(take("x", value, "f8")), [float(v) for v in value])
        self.assertEqual(numbers(take("x", (ctypes.c_int64 * 2)(-1, 2**31 - 1), "i4")), [-1, 2**31 - 1])
        self.assertEqual(numbers(take("x", FakeTensor([0.5, 65504.0, -0.0], bits=16, kind="e"), "f8")), list(struct.unpack("3e", halves)))

    def test_bfloat16(self):
        tensor = FakeTensor([0x3F80, 0xC000, 0x7F80], code=4, bits=16, kind="H")
        self.assertEqual(numbers(take("x", tensor, "f8")), [1.0, -2.0, float("inf")])

    def test_a_range_is_checked(self):
        for value in ((ctypes.c_int64 * 2)(1, 2**31), [1, 2**31], array.array("I", [2**31])):
            with self.assertRaisesRegex(ValueError, r"^ids holds 2147483648; expected -2147483648..2147483647\.$"):
                take("ids", value, "i4")
        with self.assertRaisesRegex(ValueError, "^x holds 256; expected 0..255"):
            take("x", [256], "u1")

    def test_lists(self):
        self.assertEqual(numbers(take("x", [[1, 2.5], [3, 4]], "f8", shape=(2, 2))), [1, 2.5, 3, 4])
        self.assertEqual(numbers(take("x", range(3), "i4")), [0, 1, 2])
        self.assertEqual(take("x", [], "i4").shape, (0,))
        self.assertEqual(take("x", [[], []], "i4").shape, (2, 0))
        with self.assertRaisesRegex(ValueError, "rows of different lengths"):
            take("x", [[1, 2], [3]], "i4")
        with self.assertRaisesRegex(TypeError, "^x holds 'a'; expected whole numbers"):
            take("x", [1, "a"], "i4")
        with self.assertRaisesRegex(TypeError, "^x holds 1.5; expected whole numbers"):
            take("x", [1.5], "i4")

    def test_what_is_no_array(self):
        for value in (None, 3, "text", {}, object()):
            with self.assertRaisesRegex(TypeError, f"^x is a {type(value).__name__}; expected an array of int32"):
                take("x", value, "i4")

    def test_another_type(self):
        with self.assertRaisesRegex(TypeError, r"^ids is float64; expected int32 \(or int64, "):
            take("ids", array.array("d", [1]), "i4")
        with self.assertRaisesRegex(TypeError, r"^cost is int8; expected uint8 in"):
            take("cost", array.array("b", [1]), "u1")
        with self.assertRaisesRegex(TypeError, "^x is of format"):
            take("x", memoryview((ctypes.c_int64 * 1)()).cast("B").cast("P"), "i4")

    def test_the_other_byte_order(self):
        with self.assertRaisesRegex(TypeError, "^x is int32 of the other byte order; expected int32"):
            take("x", memoryview((ctypes.c_int32.__ctype_be__ * 2)(1, 2)), "i4")

    def test_gaps(self):
        with self.assertRaisesRegex(ValueError, "^x has gaps"):
            take("x", memoryview(array.array("i", range(6)))[::2], "i4")

    def test_misaligned(self):
        raw = memoryview(bytearray(17))[1:]
        with self.assertRaisesRegex(ValueError, "multiple of 8 bytes"):
            take("x", raw.cast("d"), "f8")

    def test_shapes(self):
        with self.assertRaisesRegex(ValueError, r"^x has shape \[3\]; expected \[2\]"):
            take("x", array.array("i", [1, 2, 3]), "i4", shape=(2,))
        with self.assertRaisesRegex(ValueError, r"^x has shape \[3\]; expected \[3, any\]"):
            take("x", array.array("i", [1, 2, 3]), "i4", shape=(3, None))
        with self.assertRaisesRegex(ValueError, "^x has 1 dimensions; expected 2"):
            take("x", [1], "i4", ndim=2)

    def test_the_owner_cannot_change_under_a_call(self):
        values = bytearray(8)
        taken = take("x", values, "u1")
        with self.assertRaises(BufferError):
            values.append(1)
        del taken
        values.append(1)


class TestOutputs(unittest.TestCase):
    def test_writable_memory_of_the_very_type(self):
        values = array.array("d", [0] * 4)
        self.assertEqual(take_output("out", values, "f8", (4,)).address, values.buffer_info()[0])
        with self.assertRaisesRegex(ValueError, "^out is read-only"):
            take_output("out", bytes(4), "u1", (4,))
        with self.assertRaisesRegex(TypeError, "^out is float32; expected float64"):
            take_output("out", array.array("f", [0]), "f8", (1,))
        with self.assertRaisesRegex(ValueError, r"^out has shape \[4\]; expected \[2, 2\]"):
            take_output("out", values, "f8", (2, 2))
        with self.assertRaisesRegex(TypeError, "^out is a list"):
            take_output("out", [0.0], "f8", (1,))
        with self.assertRaisesRegex(ValueError, "^out has gaps"):
            take_output("out", memoryview(values)[::2], "f8", (2,))

    def test_new_ones_have_their_shape(self):
        made, address = new_output("i4", (2, 3))
        self.assertEqual((tuple(made.shape), made.nbytes), ((2, 3), 24))
        ctypes.memset(address, 1, 24)
        self.assertEqual(made.tolist(), [[0x01010101] * 3] * 2)
        self.assertEqual(len(new_output("f8", (0,))[0]), 0)


class TestDlpack(unittest.TestCase):
    def test_the_deleter_is_called_once(self):
        for versioned in (False, True):
            tensor = FakeTensor([1.0, 2.0], versioned=versioned)
            taken = take("x", tensor, "f8")
            self.assertEqual((taken.address, numbers(taken), tensor.deleted), (ctypes.addressof(tensor.buffer), [1, 2], 0))
            del taken
            gc.collect()
            self.assertEqual(tensor.deleted, 1)

    def test_the_deleter_is_called_where_the_tensor_is_refused(self):
        for tensor in (FakeTensor([1.0]), FakeTensor([1.0] * 4, shape=(2, 2), strides=(1, 2)), FakeTensor([1.0], lanes=2)):
            with self.assertRaises((TypeError, ValueError)):
                take("x", tensor, "i4")
            gc.collect()
            self.assertEqual(tensor.deleted, 1)

    def test_a_converted_tensor_is_given_back_at_once(self):
        tensor = FakeTensor([0.5], bits=32, kind="f")
        self.assertEqual(numbers(take("x", tensor, "f8")), [0.5])
        gc.collect()
        self.assertEqual(tensor.deleted, 1)

    def test_a_producer_that_is_gone(self):
        tensor = FakeTensor([3.0])
        alive = weakref.ref(tensor)
        tensor.delete = None  # memory whose owner needs no deleter
        tensor.managed.deleter = None
        taken = take("x", memoryview(tensor.buffer).cast("B").cast("d"), "f8")
        del tensor
        gc.collect()
        self.assertIsNone(alive())
        self.assertEqual(numbers(taken), [3.0])

    def test_other_devices_are_named(self):
        with self.assertRaisesRegex(ValueError, r"^x lies on a CUDA device; this library reads the CPU's memory, so pass x\.cpu\(\)\.$"):
            take("x", FakeTensor([1.0], device=2), "f8")
        with self.assertRaisesRegex(ValueError, "DLPack device type 99"):
            take("x", FakeTensor([1.0], device=99), "f8")
        self.assertEqual(numbers(take("x", FakeTensor([1.0], device=3), "f8")), [1.0])

    def test_transposed_and_read_only(self):
        with self.assertRaisesRegex(ValueError, "^x has gaps or another order"):
            take("x", FakeTensor([1.0] * 4, shape=(2, 2), strides=(1, 2)), "f8")
        self.assertEqual(take("x", FakeTensor([1.0] * 4, shape=(2, 2), strides=(2, 1)), "f8").shape, (2, 2))
        with self.assertRaisesRegex(ValueError, "read-only"):
            take_output("x", FakeTensor([1.0], versioned=True, readonly=True), "f8", (1,))

    def test_another_version(self):
        with self.assertRaisesRegex(ValueError, "DLPack version 2.0"):
            take("x", FakeTensor([1.0], versioned=True, major=2), "f8")


@needs_numpy
class TestNumpy(unittest.TestCase):
    def test_what_fits_is_not_copied(self):
        values = numpy.arange(6, dtype="f8").reshape(2, 3)
        taken = take("x", values, "f8")
        self.assertEqual((taken.address, taken.shape, taken.copied), (values.ctypes.data, (2, 3), False))
        self.assertEqual(numbers(take("x", numpy.frombuffer(bytes(4), "i4"), "i4")), [0])

    def test_types(self):
        self.assertEqual(numbers(take("x", numpy.array([0.1], "f2"), "f8")), [float(numpy.float16(0.1))])
        self.assertTrue(take("x", numpy.array([1, 2]), "i4").copied)
        with self.assertRaisesRegex(TypeError, "^x is int32 of the other byte order"):
            take("x", numpy.array([1], ">i4"), "i4")
        with self.assertRaisesRegex(TypeError, "^x is bool"):
            take("x", numpy.array([True]), "i4")
        with self.assertRaisesRegex(TypeError, "^x is c16"):
            take("x", numpy.array([1j]), "f8")

    def test_layout(self):
        for wrong in (numpy.zeros((4, 4)).T[:, 1:], numpy.asfortranarray(numpy.zeros((2, 3))), numpy.zeros(8)[::-1]):
            with self.assertRaisesRegex(ValueError, "^x has gaps or another order"):
                take("x", wrong, "f8")
        misaligned = numpy.frombuffer(bytearray(17), "u1")[1:].view("f8")
        with self.assertRaisesRegex(ValueError, "multiple of 8"):
            take("x", misaligned, "f8")

    def test_read_only_output(self):
        values = numpy.zeros(3)
        values.flags.writeable = False
        with self.assertRaisesRegex(ValueError, "read-only"):
            take_output("out", values, "f8", (3,))

    def test_array_interface(self):
        class Imitation:
            def __init__(self, values):
                self.values = values
                self.__array_interface__ = values.__array_interface__

        self.assertEqual(numbers(take("x", Imitation(numpy.array([1.5, 2.5])), "f8")), [1.5, 2.5])
        with self.assertRaisesRegex(ValueError, "gaps"):
            take("x", Imitation(numpy.zeros(4)[::2]), "f8")

    def test_results_are_numpy_arrays(self):
        self.assertIsInstance(new_output("f8", (2,))[0], numpy.ndarray)


class TestTorch(unittest.TestCase):
    def setUp(self):
        try:
            import torch
        except ImportError:
            self.skipTest("needs torch")
        self.torch = torch

    def test_tensors(self):
        values = self.torch.arange(6, dtype=self.torch.float64).reshape(2, 3)
        taken = take("x", values, "f8")
        self.assertEqual((taken.address, taken.shape), (values.data_ptr(), (2, 3)))
        del values
        gc.collect()
        self.assertEqual(numbers(taken), [0, 1, 2, 3, 4, 5])
        self.assertEqual(numbers(take("x", self.torch.tensor([1.5]).bfloat16(), "f8")), [1.5])
        self.assertEqual(numbers(take("x", self.torch.tensor([5, 6]), "i4")), [5, 6])
        with self.assertRaisesRegex(ValueError, "gaps"):
            take("x", self.torch.zeros(2, 3, dtype=self.torch.float64).T, "f8")
        for kind in (self.torch.int64, self.torch.int32):
            self.assertEqual(take("x", self.torch.empty(0, dtype=kind), "i4").array().tolist(), [])
        with self.assertRaisesRegex(ValueError, "^x gives no DLPack capsule: .*require"):
            take("x", self.torch.zeros(2, requires_grad=True), "f8")


if __name__ == "__main__":
    unittest.main()
