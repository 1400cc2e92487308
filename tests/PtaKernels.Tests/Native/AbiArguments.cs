using System.Runtime.InteropServices;
using PtaKernels.Native;

namespace PtaKernels.Tests.Native;

/// <summary>Good arguments for every function of the C ABI, in unmanaged memory with names, so that a test can spoil one of them.</summary>
internal sealed unsafe class AbiArguments : IDisposable
{
    /// <summary>Tokens of the tape, and elements of every array: more than any call here needs.</summary>
    public const int Tokens = 4, Room = 256;

    private readonly List<nint> _blocks = [];

    public AbiArguments()
    {
        _ = NativeLibraryFile.Path; // runs the resolver's set-up
        Assert.That(NativeLibraryFile.WhyUnavailable, Is.Null);
        Workspace = new WorkspaceHandle("portable");
        TokenTape tape = new([10, 11, 12, 13], [0, 1, 2, 3, 4]);
        Tape = new TapeHandle(tape);
        byte[][] texts = [[10], [11], [12], [13]];
        var vocabulary = new TokenVocabulary("v", "_", true, false, ["a", "b", "c", "d"], texts, new TokenRoles[Tokens]);
        Pair = new VocabularyPairHandle(new VocabularyPair(vocabulary, vocabulary), null);
        OfficialPair = NativeTapes.Of(new VocabularyPair(vocabulary, vocabulary), official: true, new NativeBackend("portable"));
        Ids = Block<int>();
        MoreIds = Block<int>();
        Bytes = Block<byte>();
        Words = Block<ushort>();
        Integers = Block<int>();
        MoreIntegers = Block<int>();
        Numbers = Block<double>();
        A = Block<double>();
        B = Block<double>();
        Plan = Block<double>();
        F = Block<double>();
        G = Block<double>();
        Outcomes = Block<NativeOutcome>();
        Longs = Block<long>();
        Values = Block<double>();
        Rows = Block<NativeRow>();
        for (int i = 0; i < Tokens; i++)
            Ids[i] = MoreIds[i] = i;
        for (int i = 0; i < 64; i++)
            A[i] = B[i] = 1;
    }

    public WorkspaceHandle Workspace { get; }

    public TapeHandle Tape { get; }

    public VocabularyPairHandle Pair { get; }

    public VocabularyPairHandle OfficialPair { get; }

    public int* Ids { get; }

    public int* MoreIds { get; }

    public byte* Bytes { get; }

    public ushort* Words { get; }

    public int* Integers { get; }

    public int* MoreIntegers { get; }

    public double* Numbers { get; }

    public double* A { get; }

    public double* B { get; }

    public double* Plan { get; }

    public double* F { get; }

    public double* G { get; }

    public NativeOutcome* Outcomes { get; }

    public long* Longs { get; }

    public double* Values { get; }

    public NativeRow* Rows { get; }

    /// <summary>The same address, one byte further.</summary>
    public static T* Off<T>(T* pointer)
        where T : unmanaged => (T*)((byte*)pointer + 1);

    public static NativeTransportOptions TransportOptions(TransportKind kind) => new()
    {
        StructSize = (uint)sizeof(NativeTransportOptions),
        Kind = (int)kind,
        Epsilon = 1.0 / 30,
        Tolerance = 1e-5,
        Rho = 0.05,
        MaxIterations = 1000,
    };

    public static NativeAlignOptions AlignOptions(int preset) => new()
    {
        StructSize = (uint)sizeof(NativeAlignOptions),
        Preset = preset,
        Mass = 1,
        MaxIterations = 1000,
        Threads = 1,
        Epsilon = 1.0 / 30,
        Tolerance = 1e-5,
        Temperature = 1,
    };

    /// <summary>A document of three tokens and two candidates a row on each side.</summary>
    public NativeDocument Document() => new()
    {
        Source = new NativeTokenizedDocument { Ids = Ids, Indices = MoreIds, Values = Numbers, Length = 2, K = 2 },
        Target = new NativeTokenizedDocument { Ids = Ids, Indices = MoreIds, Values = Numbers, Length = 2, K = 2 },
        Capacity = Room,
        Starts = Integers,
        Tokens = MoreIntegers,
        Values = Values,
        Rows = Rows,
    };

    /// <summary>A call's status, and how its sentence begins and ends.</summary>
    public static void AssertRefused(NativeStatus actual, NativeStatus expected, string sentence)
    {
        string text = NativeErrors.Text; // before anything else calls on this thread
        Assert.That(actual, Is.EqualTo(expected), sentence);
        Assert.That(text, Does.StartWith(sentence).And.EndsWith("."));
    }

    public void Dispose()
    {
        Workspace.Dispose();
        Tape.Dispose();
        Pair.Dispose();
        foreach (nint block in _blocks)
            NativeMemory.AlignedFree((void*)block);
    }

    private T* Block<T>()
        where T : unmanaged
    {
        void* block = NativeMemory.AlignedAlloc(Room * 64, 64);
        NativeMemory.Clear(block, Room * 64);
        _blocks.Add((nint)block);
        return (T*)block;
    }
}
