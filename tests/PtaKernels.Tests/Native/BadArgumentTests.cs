using PtaKernels.Native;

namespace PtaKernels.Tests.Native;

/// <summary>Every function of the C ABI: a bad argument is a status and one sentence that begins with the argument's name.</summary>
public sealed unsafe class BadArgumentTests
{
    [OneTimeSetUp]
    public void Load() => Assert.That(NativeLibraryFile.WhyUnavailable, Is.Null);

    [Test]
    public void Workspaces()
    {
        nint workspace = 1;
        using (Assert.EnterMultipleScope())
        {
            Refused(NativeMethods.WorkspaceCreate("portable", null), NativeStatus.Argument, "workspace is null");
            Refused(NativeMethods.WorkspaceCreate("portable", (nint*)AbiArguments.Off((long*)&workspace)), NativeStatus.Argument, "workspace is misaligned");
            Refused(NativeMethods.WorkspaceCreate("mmx", &workspace), NativeStatus.Isa, "the instruction set 'mmx' is unknown");
            Assert.That(workspace, Is.EqualTo((nint)0));
            Refused(NativeMethods.CheckIsa(null), NativeStatus.Argument, "name is null");
            Refused(NativeMethods.CheckIsa(""), NativeStatus.Isa, "name is empty");
            Refused(NativeMethods.CheckIsa("sse2"), NativeStatus.Isa, "the instruction set 'sse2' is unknown");
            Refused(NativeMethods.DefaultIsa(null), NativeStatus.Argument, "name is null");
        }

        NativeMethods.WorkspaceDestroy(0);
        NativeMethods.TapeDestroy(0);
        NativeMethods.VocabularyPairDestroy(0);
    }

    [Test]
    public void Tapes()
    {
        int* symbols = stackalloc int[3] { 1, 2, 3 }, offsets = stackalloc int[3] { 0, 1, 3 };
        byte* roles = stackalloc byte[2] { 1, 128 };
        var good = new NativeTapeView { StructSize = (uint)sizeof(NativeTapeView), Count = 2, Symbols = symbols, Offsets = offsets, Roles = roles };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Create(good), Is.EqualTo(NativeStatus.Ok));
            Assert.That(Create(good with { Count = 0, Symbols = null, Roles = null }), Is.EqualTo(NativeStatus.Ok));
            Refused(Create(good with { StructSize = 0 }), NativeStatus.Struct, "view.struct_size is 0");
            Refused(Create(good with { StructSize = 48 }), NativeStatus.Struct, "view.struct_size is 48");
            Refused(Create(good with { Count = -1 }), NativeStatus.Argument, "view.count is -1");
            Refused(Create(good with { Count = int.MaxValue }), NativeStatus.Argument, "view.count is 2147483647");
            Refused(Create(good with { Symbols = null }), NativeStatus.Argument, "view.symbols is null");
            Refused(Create(good with { Offsets = null }), NativeStatus.Argument, "view.offsets is null");
            Refused(Create(good with { Symbols = AbiArguments.Off(symbols) }), NativeStatus.Argument, "view.symbols is misaligned");
            Refused(Create(good with { Offsets = AbiArguments.Off(offsets) }), NativeStatus.Argument, "view.offsets is misaligned");
            Refused(NativeMethods.TapeCreate(&good, null), NativeStatus.Argument, "tape is null");
            nint tape;
            Refused(NativeMethods.TapeCreate(null, &tape), NativeStatus.Argument, "view is null");
            offsets[0] = 1;
            Refused(Create(good), NativeStatus.Argument, "view.offsets[0] is 1");
            (offsets[0], offsets[1]) = (0, 4);
            Refused(Create(good), NativeStatus.Argument, "view.offsets[2] is 3 after 4");
            (offsets[1], roles[1]) = (1, 64);
            Refused(Create(good), NativeStatus.Argument, "view.roles[1] is 64");
        }

        static NativeStatus Create(NativeTapeView view)
        {
            nint tape;
            NativeStatus status = NativeMethods.TapeCreate(&view, &tape);
            NativeMethods.TapeDestroy(tape);
            return status;
        }
    }

    [Test]
    public void CostMatrices()
    {
        using var x = new AbiArguments();
        int* ids = x.Ids, more = x.MoreIds;
        byte* cost = x.Bytes;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Matrix(ids, 2, more, 3, cost, 3), Is.EqualTo(NativeStatus.Ok));
            Assert.That(Matrix(null, 0, more, 3, null, 3), Is.EqualTo(NativeStatus.Ok));
            Refused(Matrix(null, 2, more, 3, cost, 3), NativeStatus.Argument, "source_tokens is null");
            Refused(Matrix(ids, 2, null, 3, cost, 3), NativeStatus.Argument, "target_tokens is null");
            Refused(Matrix(ids, 2, more, 3, null, 3), NativeStatus.Argument, "cost is null");
            Refused(Matrix(ids, -1, more, 3, cost, 3), NativeStatus.Argument, "n is -1");
            Refused(Matrix(ids, 2, more, -3, cost, 3), NativeStatus.Argument, "m is -3");
            Refused(Matrix(ids, 2, more, 3, cost, 2), NativeStatus.Argument, "row_stride is 2");
            Refused(Matrix(ids, long.MaxValue, more, 3, cost, 3), NativeStatus.Argument, "cost: 9223372036854775807 x 3 elements do not fit");
            Refused(Matrix(ids, 2, more, 3, cost, long.MaxValue), NativeStatus.Argument, "cost: 2 x 9223372036854775807 elements do not fit");
            Refused(Matrix(AbiArguments.Off(ids), 2, more, 3, cost, 3), NativeStatus.Argument, "source_tokens is misaligned");
            Refused(Matrix(ids, 2, more, 3, (byte*)more, 3), NativeStatus.Argument, "cost and target_tokens overlap");
            Refused(Matrix(ids, 2, more, 3, (byte*)(ids + 1), 3), NativeStatus.Argument, "cost and source_tokens overlap");
            Assert.That(Wide(x.Words, 3), Is.EqualTo(NativeStatus.Ok));
            Refused(Wide(AbiArguments.Off(x.Words), 3), NativeStatus.Argument, "cost is misaligned");
            Refused(Wide(x.Words, long.MaxValue / 2), NativeStatus.Argument, "cost: 2 x 4611686018427387903 elements do not fit");
            Refused(Wide(null, 3), NativeStatus.Argument, "cost is null");
            ids[1] = AbiArguments.Tokens;
            Refused(Matrix(ids, 2, more, 3, cost, 3), NativeStatus.Argument, "source_tokens[1] is 4; its tape has 4");
            Refused(Wide(x.Words, 3), NativeStatus.Argument, "source_tokens[1] is 4; its tape has 4");
            (ids[1], more[2]) = (1, -1);
            Refused(Matrix(ids, 2, more, 3, cost, 3), NativeStatus.Argument, "target_tokens[2] is -1");
        }

        NativeStatus Matrix(int* s, long n, int* t, long m, byte* c, long stride) => NativeMethods.CostMatrix(x.Workspace, x.Tape, s, n, x.Tape, t, m, c, stride);

        NativeStatus Wide(ushort* c, long stride) => NativeMethods.CostMatrix(x.Workspace, x.Tape, x.Ids, 2, x.Tape, x.MoreIds, 3, c, stride);
    }

    [Test]
    public void ManyCostMatrices()
    {
        using var x = new AbiArguments();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Matrices(x.Ids, x.MoreIds, 2, 2, 1, x.Bytes), Is.EqualTo(NativeStatus.Ok));
            Assert.That(Matrices(null, null, 0, 2, 1, null), Is.EqualTo(NativeStatus.Ok));
            Refused(Matrices(null, x.MoreIds, 2, 2, 1, x.Bytes), NativeStatus.Argument, "source_tokens is null");
            Refused(Matrices(x.Ids, null, 2, 2, 1, x.Bytes), NativeStatus.Argument, "target_tokens is null");
            Refused(Matrices(x.Ids, x.MoreIds, 2, 2, 1, null), NativeStatus.Argument, "cost is null");
            Refused(Matrices(x.Ids, x.MoreIds, -2, 2, 1, x.Bytes), NativeStatus.Argument, "batch is -2");
            Refused(Matrices(x.Ids, x.MoreIds, 2, 0, 1, x.Bytes), NativeStatus.Argument, "rows is 0");
            Refused(Matrices(x.Ids, x.MoreIds, 2, 2, -1, x.Bytes), NativeStatus.Argument, "columns is -1");
            Refused(Matrices(x.Ids, x.MoreIds, long.MaxValue, 2, 1, x.Bytes), NativeStatus.Argument, "source_tokens: 9223372036854775807 x 2 elements");
            Refused(Matrices(x.Ids, x.MoreIds, 1L << 40, 1 << 20, 1 << 20, x.Bytes), NativeStatus.Argument, "cost: 1152921504606846976 x 1048576 elements");
            Refused(Matrices(x.Ids, AbiArguments.Off(x.MoreIds), 2, 2, 1, x.Bytes), NativeStatus.Argument, "target_tokens is misaligned");
            Refused(Matrices(x.Ids, x.MoreIds, 2, 2, 1, (byte*)x.Ids), NativeStatus.Argument, "cost and source_tokens overlap");
            x.MoreIds[1] = 9;
            Refused(Matrices(x.Ids, x.MoreIds, 2, 2, 1, x.Bytes), NativeStatus.Argument, "target_tokens[1] is 9");
        }

        NativeStatus Matrices(int* s, int* t, long batch, int rows, int columns, byte* cost) =>
            NativeMethods.CostMatrices(x.Workspace, x.Tape, s, x.Tape, t, batch, rows, columns, cost);
    }

    [Test]
    public void NearestTokens()
    {
        using var x = new AbiArguments();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Find(x.Ids, 3, x.Integers, x.MoreIntegers), Is.EqualTo(NativeStatus.Ok));
            Assert.That(Find(null, 0, null, null), Is.EqualTo(NativeStatus.Ok));
            Refused(Find(null, 3, x.Integers, x.MoreIntegers), NativeStatus.Argument, "source_tokens is null");
            Refused(Find(x.Ids, 3, null, x.MoreIntegers), NativeStatus.Argument, "nearest is null");
            Refused(Find(x.Ids, 3, x.Integers, null), NativeStatus.Argument, "distance is null");
            Refused(Find(x.Ids, -3, x.Integers, x.MoreIntegers), NativeStatus.Argument, "n is -3");
            Refused(Find(x.Ids, long.MaxValue / 2, x.Integers, x.MoreIntegers), NativeStatus.Argument, "source_tokens: 4611686018427387903 elements do not fit");
            Refused(Find(x.Ids, 3, AbiArguments.Off(x.Integers), x.MoreIntegers), NativeStatus.Argument, "nearest is misaligned");
            Refused(Find(x.Ids, 3, x.Integers, x.Integers), NativeStatus.Argument, "nearest and distance overlap");
            Refused(Find(x.Ids, 3, x.Ids, x.Integers), NativeStatus.Argument, "nearest and source_tokens overlap");
            x.Ids[2] = 4;
            Refused(Find(x.Ids, 3, x.Integers, x.MoreIntegers), NativeStatus.Argument, "source_tokens[2] is 4");
        }

        NativeStatus Find(int* s, long n, int* nearest, int* distance) => NativeMethods.FindNearestTokens(x.Workspace, x.Tape, s, n, x.Tape, nearest, distance);
    }

    [Test]
    public void AlignmentPaths()
    {
        using var x = new AbiArguments();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), Is.EqualTo(NativeStatus.Ok));
            Assert.That((x.Longs[0], x.Longs[1]), Is.EqualTo((3, 0)));
            Refused(Find(null, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "source is null");
            Refused(Find(x.Ids, 3, null, 2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "target is null");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, null, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "cost is null");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, null, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "steps is null");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 4, null, x.Longs + 1), NativeStatus.Argument, "count is null");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, null), NativeStatus.Argument, "total is null");
            Refused(Find(x.Ids, 0, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "n is 0");
            Refused(Find(x.Ids, 3, x.MoreIds, -2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "m is -2");
            Refused(Find(x.Ids, 1L << 31, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "n is 2147483648");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 0, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "rows is 0");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 0, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "columns is 0");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 3, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "row_stride is 3");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, long.MaxValue, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "cost: 4 x 9223372036854775807");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, 3, x.Longs, x.Longs + 1), NativeStatus.Argument, "capacity is 3; it must be at least 4");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.Integers, long.MaxValue, x.Longs, x.Longs + 1), NativeStatus.Argument, "steps: 9223372036854775807 x 2");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, AbiArguments.Off(x.Integers), 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "steps is misaligned");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 4, 4, x.MoreIds, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "steps and target overlap");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 2, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "source[2] is 2; cost's rows has 2");
            Refused(Find(x.Ids, 3, x.MoreIds, 2, x.Bytes, 4, 1, 4, x.Integers, 4, x.Longs, x.Longs + 1), NativeStatus.Argument, "target[1] is 1; cost's columns has 1");
            Refused(Wide(AbiArguments.Off(x.Words)), NativeStatus.Argument, "cost is misaligned");
            Refused(Wide(null), NativeStatus.Argument, "cost is null");
        }

        NativeStatus Find(int* s, long n, int* t, long m, byte* cost, long rows, long columns, long stride, int* steps, long capacity, long* count, long* total) =>
            NativeMethods.FindAlignmentPath(x.Workspace, s, n, t, m, cost, rows, columns, stride, steps, capacity, count, total);

        NativeStatus Wide(ushort* cost) => NativeMethods.FindAlignmentPath(x.Workspace, x.Ids, 3, x.MoreIds, 2, cost, 4, 4, 4, x.Integers, 4, x.Longs, x.Longs + 1);
    }

    [Test]
    public void LongTextsAreCutNotOverrun()
    {
        Assert.That(NativeMethods.CheckIsa(new string('é', 5000)), Is.EqualTo(NativeStatus.Isa));
        Assert.That(NativeErrors.Text, Has.Length.InRange(200, 640).And.Not.Contain("\uFFFD"));
    }

    private static void Refused(NativeStatus actual, NativeStatus expected, string sentence) => AbiArguments.AssertRefused(actual, expected, sentence);
}
